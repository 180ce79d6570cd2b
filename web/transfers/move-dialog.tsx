// Puts the data of transfers into another directory.

import { useState } from 'preact/hooks';
import { closeDialog, Dialog, DialogButtons } from '../app/dialog.tsx';
import { useFeed } from '../data/feed.ts';
import { move } from './actions.ts';
import { type Subject, titleOf } from './subject.ts';

export function MoveDialog(subject: Subject) {
  const roots = useFeed(({ session }) => session?.roots);
  const [directory, setDirectory] = useState(subject.row.path.replace(/[\\/][^\\/]*$/, ''));
  const submit = (): void => {
    closeDialog();
    void move(subject.infoHashes, directory.trim());
  };
  return (
    <Dialog title={`Move the data of ${titleOf(subject)}`} wide onSubmit={submit}>
      <label>
        To the directory
        <input
          class="field mono"
          value={directory}
          list="move-roots"
          spellcheck={false}
          onInput={(event) => setDirectory(event.currentTarget.value)}
        />
        <datalist id="move-roots">
          {roots?.map((root) => (
            <option key={root} value={root} />
          ))}
        </datalist>
      </label>
      <DialogButtons>
        <button type="submit" class="button main" disabled={directory.trim() === ''}>
          Move
        </button>
      </DialogButtons>
    </Dialog>
  );
}
