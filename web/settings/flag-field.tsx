// A setting that is on or off.

import type { Settings } from '../../src/api/settings-schemas.ts';
import { SettingRow } from './setting-row.tsx';
import { useDraft, useSetting } from './use-setting.ts';

export interface FlagFieldProps {
  name: { [K in keyof Settings]: Settings[K] extends boolean ? K : never }[keyof Settings];
  label: string;
  hint: string;
}

export function FlagField({ name, label, hint }: FlagFieldProps) {
  const setting = useSetting(name);
  const [draft, setDraft] = useDraft(setting?.value);
  if (setting === undefined) return null;
  const id = `setting-${name}`;
  return (
    <SettingRow id={id} label={label} hint={hint} lockedBy={setting.lockedBy} note={setting.note}>
      <input
        id={id}
        type="checkbox"
        checked={draft ?? setting.value}
        disabled={setting.lockedBy !== undefined}
        aria-describedby={`${id}-hint ${id}-note`}
        onChange={async (event) => {
          const { checked } = event.currentTarget;
          setDraft(checked);
          if (!(await setting.save(checked))) setDraft((now) => (now === checked ? undefined : now));
        }}
      />
    </SettingRow>
  );
}
