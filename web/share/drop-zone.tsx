// Covers the window while something is dragged over it, and takes what is dropped: .torrent files are added, everything else
// is to be shared.

import { useEffect, useState } from 'preact/hooks';
import { addSource, sourceOfFile } from '../add/source.ts';
import { attempt } from '../app/notices.tsx';
import { go } from '../app/route.ts';
import { draft } from './draft.ts';
import './drop-zone.css';
import { type Picked, pickedOfDrop } from './picked.ts';

export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // Every element tells of entering and leaving; the window is left when all were left.
    let inside = 0;
    const brings = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const enter = (event: DragEvent): void => {
      if (!brings(event)) return;
      inside++;
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (brings(event) && --inside <= 0) end();
    };
    const end = (): void => {
      inside = 0;
      setOver(false);
    };
    const hold = (event: DragEvent): void => {
      if (brings(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (!brings(event)) return;
      event.preventDefault();
      end();
      void attempt(pickedOfDrop(event.dataTransfer!).then(take));
    };
    const listeners = { dragenter: enter, dragleave: leave, dragover: hold, drop } as const;
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener);
    };
  }, []);
  if (!over) return null;
  return (
    <div class="drop-zone">
      <p>Drop to share</p>
    </div>
  );
}

async function take(picked: Picked | undefined): Promise<void> {
  if (picked === undefined) return;
  if (picked.files.every(({ file }) => /\.torrent$/i.test(file.name))) {
    for (const { file } of picked.files) await addSource(await sourceOfFile(file), {});
    go(['transfers']);
    return;
  }
  draft.set({ kind: 'picked', picked });
  go(['share']);
}
