// Adds transfers: by link, address or name in the catalog, or by .torrent files.

import { useState } from 'preact/hooks';
import { closeDialog, Dialog, DialogButtons } from '../app/dialog.tsx';
import { notify } from '../app/notices.tsx';
import { go } from '../app/route.ts';
import { useFeed } from '../data/feed.ts';
import { addSource, type Source, sourceOf, sourceOfFile } from './source.ts';

export function AddDialog() {
  const session = useFeed(({ session }) => session);
  const [text, setText] = useState('');
  const [files, setFiles] = useState<readonly File[]>([]);
  const [directory, setDirectory] = useState('');
  const [paused, setPaused] = useState(session?.settings.startAdded === false);
  const [busy, setBusy] = useState(false);
  const [failures, setFailures] = useState<readonly string[]>([]);

  const submit = async (): Promise<void> => {
    setBusy(true);
    const sources: Source[] = await Promise.all(files.map(sourceOfFile));
    const name = text.trim();
    if (name !== '') sources.push(sourceOf(name) ?? { title: name, body: { name } });
    const options = { paused, ...(directory === '' ? {} : { directory }) };
    const failed: string[] = [];
    for (const source of sources) {
      try {
        const { torrent, added } = await addSource(source, options);
        notify(added ? `Added ${torrent.name}.` : `${torrent.name} was here already.`);
        go(['transfers', torrent.infoHash]);
      } catch (error) {
        failed.push(`${source.title}: ${(error as Error).message}`);
      }
    }
    setBusy(false);
    if (failed.length === 0) closeDialog();
    setFailures(failed);
  };

  return (
    <Dialog title="Add" wide onSubmit={() => void submit()}>
      <label>
        Magnet link, address of a .torrent, info-hash, or name in the catalog
        <input
          class="field"
          value={text}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <label>
        Or .torrent files
        <input
          type="file"
          accept=".torrent,application/x-bittorrent"
          multiple
          onChange={(event) => setFiles([...(event.currentTarget.files ?? [])])}
        />
      </label>
      <label>
        Directory
        <input
          class="field mono"
          value={directory}
          placeholder={session?.downloads}
          spellcheck={false}
          onInput={(event) => setDirectory(event.currentTarget.value)}
        />
      </label>
      <label class="choice">
        <input type="checkbox" checked={paused} onChange={(event) => setPaused(event.currentTarget.checked)} />
        Do not start it yet
      </label>
      <div role="alert" class="danger">
        {failures.map((failure) => (
          <p key={failure}>{failure}</p>
        ))}
      </div>
      <DialogButtons>
        <button type="submit" class="button main" disabled={busy || (text.trim() === '' && files.length === 0)}>
          Add
        </button>
      </DialogButtons>
    </Dialog>
  );
}
