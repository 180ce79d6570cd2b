// Asks once before transfers are forgotten, and whether their data is to go, too.

import { useState } from 'preact/hooks';
import { closeDialog, Dialog, DialogButtons } from '../app/dialog.tsx';
import { go } from '../app/route.ts';
import { remove } from './actions.ts';
import { selectNothing } from './selection.ts';
import { type Subject, titleOf } from './subject.ts';

export function RemoveDialog(subject: Subject) {
  const { row, infoHashes } = subject;
  const [data, setData] = useState(false);
  const submit = async (): Promise<void> => {
    closeDialog();
    selectNothing();
    if (await remove(infoHashes, data)) go(['transfers'], { replace: true });
  };
  return (
    <Dialog title={`Remove ${titleOf(subject)}?`} onSubmit={() => void submit()}>
      <p class="quiet">
        {infoHashes.length === 1 ? `Its data is in ${row.path}.` : 'Their data stays where it is unless you say so.'}
      </p>
      <label class="choice">
        <input type="checkbox" checked={data} onChange={(event) => setData(event.currentTarget.checked)} />
        Delete the data, too
      </label>
      <DialogButtons>
        <button type="submit" class="button dangerous">
          {data ? 'Remove and delete' : 'Remove'}
        </button>
      </DialogButtons>
    </Dialog>
  );
}
