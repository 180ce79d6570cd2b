// A setting that is a directory of the daemon's machine; empty: none.

import type { Settings } from '../../src/api/settings-schemas.ts';
import { SettingRow } from './setting-row.tsx';
import { TextInput } from './text-input.tsx';
import { useSetting } from './use-setting.ts';

export interface PathFieldProps {
  name: { [K in keyof Settings]: NonNullable<Settings[K]> extends string ? K : never }[keyof Settings];
  label: string;
  hint: string;
  none: string;
}

export function PathField({ name, label, hint, none }: PathFieldProps) {
  const setting = useSetting(name);
  if (setting === undefined) return null;
  const { value, lockedBy, note, save } = setting;
  const id = `setting-${name}`;
  return (
    <SettingRow id={id} label={label} hint={hint} lockedBy={lockedBy} note={note}>
      <TextInput
        id={id}
        class="setting-path"
        placeholder={none}
        spellcheck={false}
        text={value ?? ''}
        readOnly={lockedBy !== undefined}
        aria-invalid={note?.kind === 'failed'}
        aria-describedby={`${id}-hint ${id}-note`}
        onChange={(event) => {
          const given = event.currentTarget.value.trim();
          if (given !== (value ?? '')) void save(given === '' ? null : given);
        }}
      />
    </SettingRow>
  );
}
