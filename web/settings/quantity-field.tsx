// A setting that is a number with a unit. Taken over when the field is left or Enter is pressed; Escape takes it back.

import { useEffect, useState } from 'preact/hooks';
import { type Quantity, read, type Written, write } from './quantities.ts';
import { SettingRow } from './setting-row.tsx';
import { useSetting } from './use-setting.ts';

export function QuantityField({ quantity }: { quantity: Quantity }) {
  const { name, label, hint, units, none } = quantity;
  const setting = useSetting(name);
  /** What is being written; undefined: what the daemon has. */
  const [draft, setDraft] = useState<Written>();
  const value = setting?.value;
  useEffect(() => setDraft(undefined), [value]);
  if (setting === undefined || value === undefined) return null;
  const shown = draft ?? write(quantity, value);
  const isLocked = setting.lockedBy !== undefined;
  const take = async (written: Written): Promise<void> => {
    const next = read(quantity, written);
    if (next === undefined) return setting.refuse(`Write a number such as 2.5, or leave it empty: ${none.text}.`);
    if (next !== value) await setting.save(next);
    else if (read(quantity, shown) !== value) setDraft(undefined);
  };
  const id = `setting-${name}`;
  return (
    <SettingRow id={id} label={label} hint={hint} lockedBy={setting.lockedBy} note={setting.note}>
      <input
        id={id}
        class="field setting-number"
        inputMode="decimal"
        autocomplete="off"
        placeholder={none.text}
        value={shown.text}
        readOnly={isLocked}
        aria-invalid={setting.note?.kind === 'failed'}
        aria-describedby={`${id}-hint ${id}-note`}
        onInput={(event) => setDraft({ ...shown, text: event.currentTarget.value })}
        onChange={(event) => void take({ ...shown, text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') void take(shown);
          else if (event.key === 'Escape') setDraft(undefined);
        }}
      />
      {units.length === 1 ? (
        <span class="quiet setting-unit">{units[0].name}</span>
      ) : (
        <select
          class="field"
          aria-label={`Unit of ${label}`}
          value={shown.unit}
          disabled={isLocked}
          onChange={(event) => {
            const written = { ...shown, unit: Number(event.currentTarget.value) };
            setDraft(written);
            void take(written);
          }}
        >
          {units.map((unit, index) => (
            <option key={unit.name} value={index}>
              {unit.name}
            </option>
          ))}
        </select>
      )}
    </SettingRow>
  );
}
