// The address of a stream, opened in a browser by itself: it plays what is still fetched, and seeks; and what could run there
// is a download.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDaemon, seedPath } from '../harness/daemon.ts';
import { temporaryDirectory } from '../harness/shoal.ts';
import { needsBrowser, visit } from './browser.ts';

const RATE = 44_100;
const SECONDS = 60;

/** A minute of a tone: 16 bits, one channel. */
function makeWav(): Buffer {
  const length = RATE * SECONDS * 2;
  const wav = Buffer.alloc(44 + length);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + length, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(length, 40);
  for (let at = 0; at < length / 2; at++) wav.writeInt16LE(Math.round(8000 * Math.sin(at / 20)), 44 + 2 * at);
  return wav;
}

describe('the address of a stream in a browser', needsBrowser(), () => {
  it('plays, and seeks to what is not here yet', async (t) => {
    const directory = await temporaryDirectory('play');
    const folder = join(directory, 'music');
    await mkdir(folder);
    await writeFile(join(folder, 'a.html'), '<script>document.title = "it ran"</script>');
    await writeFile(join(folder, 'tone.wav'), makeWav());
    const { torrent, peers, infoHash, session } = await seedPath(t, folder);
    session.setLimits({ up: 200_000 });
    const { client } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers } });
    const { url } = await client.openStream({ params: { infoHash, index: 1 } });
    const { page, errors } = await visit(t, url);
    const reaches = (seconds: number) =>
      page.waitForFunction(
        (least) => {
          const media = document.querySelector<HTMLMediaElement>('video, audio');
          return media !== null && !media.paused && media.currentTime > least;
        },
        seconds,
        { timeout: 30_000 },
      );
    const playFrom = (seconds: number) =>
      page.evaluate((start) => {
        const media = document.querySelector<HTMLMediaElement>('video, audio')!;
        media.muted = true;
        if (start > 0) media.currentTime = start;
        return media.play();
      }, seconds);
    await playFrom(0);
    await reaches(0.5);
    await playFrom(50);
    await reaches(50.5);
    const { state, have, size } = await client.torrent({ params: { infoHash } });
    assert.equal(state, 'downloading', `all that while it was fetched: ${have} of ${size}`);
    assert.deepEqual(errors, []);
    const site = await client.openStream({ params: { infoHash, index: 0 } });
    const download = page.waitForEvent('download');
    await page.goto(site.url).catch(() => undefined);
    assert.equal((await download).suggestedFilename(), 'a.html');
    assert.notEqual(await page.title(), 'it ran');
  });
});
