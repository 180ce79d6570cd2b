// The keys the page knows.

import { closeDialog, Dialog } from './dialog.tsx';
import './key-help.css';

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'Search transfers and the catalog, or paste a link'],
  ['↑ ↓', 'Next and previous transfer; with Shift: take in more'],
  ['PgUp PgDn Home End', 'Further up and down'],
  ['Space', 'Pause or resume what is selected'],
  ['Delete', 'Remove what is selected; asks once'],
  ['Enter', 'To the details of a transfer'],
  ['Ctrl A', 'Select all'],
  ['Menu', 'All that can be done, with its shell command; also Shift F10'],
  ['← →', 'To the next tab, column, piece, or five seconds of what plays: where the focus is'],
  ['Escape', 'Close, or select nothing'],
  ['?', 'This list'],
];

export function KeyHelp() {
  return (
    <Dialog title="Keys" wide onSubmit={closeDialog}>
      <dl class="key-help">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-buttons">
        <button type="submit" class="button">
          Close
        </button>
      </div>
    </Dialog>
  );
}
