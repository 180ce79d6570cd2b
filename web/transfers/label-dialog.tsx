// Labels of transfers.

import { useState } from 'preact/hooks';
import { closeDialog, Dialog, DialogButtons } from '../app/dialog.tsx';
import { label } from './actions.ts';
import { type Subject, titleOf } from './subject.ts';

export function LabelDialog(subject: Subject) {
  const [text, setText] = useState(subject.row.labels.join(', '));
  const submit = (): void => {
    const labels = text.split(',').map((each) => each.trim());
    closeDialog();
    void label(subject.infoHashes, [...new Set(labels.filter(Boolean))]);
  };
  return (
    <Dialog title={`Labels of ${titleOf(subject)}`} onSubmit={submit}>
      <label>
        Labels, with commas between them
        <input class="field" value={text} maxLength={2000} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <DialogButtons>
        <button type="submit" class="button main">
          Set
        </button>
      </DialogButtons>
    </Dialog>
  );
}
