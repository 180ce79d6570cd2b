import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filesFor, type Picked, pickedOfDrop, pickedOfInput } from './picked.ts';

interface Tree {
  [name: string]: number | Tree;
}

/** As many as a browser hands out at a time. */
const AT_A_TIME = 100;

/** Entries as a browser makes them of what is dropped. */
function entryOf(name: string, what: number | Tree): FileSystemEntry {
  if (typeof what === 'number')
    return {
      name,
      isFile: true,
      file: (done: (file: File) => void) => done(what === 0 ? EMPTY : fileOf(name, what)),
    } as never;
  const all = Object.entries(what).map(([each, below]) => entryOf(each, below));
  const createReader = () => {
    const left = [...all];
    return { readEntries: (done: (entries: FileSystemEntry[]) => void) => done(left.splice(0, AT_A_TIME)) };
  };
  return { name, isFile: false, createReader } as never;
}

/** One for all: a hundred thousand of them take their time. */
const EMPTY = fileOf('empty', 0);

function fileOf(name: string, length: number, lastModified = 1): File {
  return new File(['x'.repeat(length)], name, { lastModified });
}

function drop(tree: Tree): Promise<Picked | undefined> {
  const items = Object.entries(tree).map(([name, what]) => ({
    kind: 'file',
    webkitGetAsEntry: () => entryOf(name, what),
  }));
  return pickedOfDrop({ items: [{ kind: 'string' }, ...items] } as never);
}

const pathsOf = (picked: Picked | undefined): string[] | undefined => picked?.files.map(({ path }) => path.join('/'));

describe('what is picked', () => {
  it('is a folder with all below it, however many', async () => {
    const songs = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`${at}.ogg`, 1]));
    const picked = await drop({ album: { 'cover.jpg': 3, 'cd 1': songs, empty: {} } });
    assert.equal(picked?.name, 'album');
    assert.equal(picked?.size, 253);
    assert.deepEqual(
      pathsOf(picked)?.toSorted(),
      ['cover.jpg', ...Object.keys(songs).map((s) => `cd 1/${s}`)].toSorted(),
    );
  });

  it('is one file with its own name, or several as a folder that is called like the first', async () => {
    const one = await drop({ 'note.txt': 5 });
    assert.deepEqual([one?.name, pathsOf(one)], ['note.txt', ['']]);
    const several = await drop({ 'a.txt': 5, box: { 'b.txt': 6 } });
    assert.deepEqual([several?.name, pathsOf(several), several?.size], ['a', ['a.txt', 'box/b.txt'], 11]);
    assert.equal(await drop({}), undefined);
  });

  it('is refused when it is too much', async () => {
    const many = Object.fromEntries(Array.from({ length: 100_001 }, (_, at) => [`${at}`, 0]));
    await assert.rejects(drop({ many }), /share a folder of them at a time/);
  });

  it('is the same of a folder that is chosen', () => {
    const file = Object.assign(fileOf('a.txt', 4), {});
    Object.defineProperty(file, 'webkitRelativePath', { value: 'box/deep/a.txt' });
    const picked = pickedOfInput([file] as never);
    assert.deepEqual([picked?.name, pathsOf(picked)], ['box', ['deep/a.txt']]);
  });

  it('goes on with an upload of the same files alone, in its order', async () => {
    const picked = (await drop({ box: { 'a.txt': 5, deep: { 'b.txt': 6 } } }))!;
    const a = { path: ['a.txt'], length: 5 };
    const b = { path: ['deep', 'b.txt'], length: 6 };
    const started = 2;
    assert.deepEqual(
      filesFor(picked, { plan: [b, a], started })?.map(({ file }) => file.name),
      ['b.txt', 'a.txt'],
    );
    assert.equal(filesFor(picked, { plan: [a], started }), undefined);
    assert.equal(filesFor(picked, { plan: [a, { ...b, length: 7 }], started }), undefined);
    assert.equal(filesFor(picked, { plan: [a, { ...b, path: ['b.txt'] }], started }), undefined);
    assert.equal(filesFor(picked, { plan: [a, b], started: 1 }), undefined, 'changed since it began');
  });
});
