// Limits of transfers: rates, and up to when they seed. Rates and times are written as on the command line.

import { useState } from 'preact/hooks';
import type { TorrentLimits } from '../../src/api/daemon-schemas.ts';
import { parseRate, parseSeconds } from '../../src/base/quantity.ts';
import { closeDialog, Dialog, DialogButtons } from '../app/dialog.tsx';
import { limit } from './actions.ts';
import { rateText, secondsText } from './limit-text.ts';
import { type Subject, titleOf } from './subject.ts';

type Name = keyof TorrentLimits;

const FIELDS: readonly { name: Name; label: string; hint: string; read: (text: string) => number | undefined }[] = [
  { name: 'down', label: 'Download', hint: '500K, 2M; 0: no limit', read: parseRate },
  { name: 'up', label: 'Upload', hint: '500K, 2M; 0: no limit', read: parseRate },
  { name: 'ratio', label: 'Seed up to ratio', hint: '2; none: without end', read: readRatio },
  { name: 'seedTime', label: 'Seed for', hint: '90m, 12h; none: without end', read: parseSeconds },
  { name: 'idleTime', label: 'Stop when idle for', hint: '30m; none: never', read: parseSeconds },
];

export function LimitDialog(subject: Subject) {
  const { row, infoHashes } = subject;
  const [texts, setTexts] = useState(() => textsOf(row.limits));
  const wrong = FIELDS.filter(({ name, read }) => readLimit(name, texts[name], read) === false);
  const submit = (): void => {
    if (wrong.length > 0) return;
    const entries = FIELDS.map(({ name, read }) => [name, readLimit(name, texts[name], read)] as const);
    closeDialog();
    void limit(infoHashes, Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as TorrentLimits);
  };
  return (
    <Dialog title={`Limits of ${titleOf(subject)}`} onSubmit={submit}>
      <p class="quiet">What is left empty is as the daemon's settings say.</p>
      {FIELDS.map(({ name, label, hint, read }) => (
        <label key={name}>
          {label}
          <input
            class="field"
            value={texts[name]}
            placeholder={hint}
            aria-invalid={readLimit(name, texts[name], read) === false}
            onInput={(event) => setTexts({ ...texts, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <p role="alert" class="danger small">
        {wrong.map(({ label, hint }) => `${label}: write it like ${hint}`).join('. ')}
      </p>
      <DialogButtons>
        <button type="submit" class="button main" disabled={wrong.length > 0}>
          Set
        </button>
      </DialogButtons>
    </Dialog>
  );
}

function textsOf({ down, up, ratio, seedTime, idleTime }: TorrentLimits): Record<Name, string> {
  return {
    down: rateText(down),
    up: rateText(up),
    ratio: ratio === null ? 'none' : String(ratio ?? ''),
    seedTime: secondsText(seedTime),
    idleTime: secondsText(idleTime),
  };
}

/** Undefined: as the daemon says; false: not understood. */
function readLimit(
  name: Name,
  text: string,
  read: (text: string) => number | undefined,
): number | null | undefined | false {
  const given = text.trim();
  if (given === '') return undefined;
  if (given === 'none') return name === 'down' || name === 'up' ? 0 : null;
  return read(given) ?? false;
}

function readRatio(text: string): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 && value <= 1e6 ? value : undefined;
}
