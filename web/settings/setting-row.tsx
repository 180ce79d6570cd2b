// A line of the settings: what it is called, the field, and beside or below it what is to be said of it now.

import type { ComponentChildren } from 'preact';
import type { Note } from './use-setting.ts';

export interface SettingRowProps {
  /** Of the field, so that its words belong to it. */
  id: string;
  label: string;
  hint?: string | undefined;
  /** Several fields, each with a name of its own. */
  group?: boolean;
  lockedBy?: string | undefined;
  note?: Note | undefined;
  children: ComponentChildren;
}

export function SettingRow({ id, label, hint, group = false, lockedBy, note, children }: SettingRowProps) {
  return (
    <div class="setting">
      {group ? (
        <span class="setting-label">{label}</span>
      ) : (
        <label class="setting-label" for={id}>
          {label}
        </label>
      )}
      <div class="setting-control">{children}</div>
      <p id={`${id}-hint`} class="setting-hint small">
        {lockedBy === undefined ? (
          <span class="quiet">{hint}</span>
        ) : (
          <span class="setting-locked">
            Fixed by <span class="mono">{lockedBy}</span>; it can be changed only there.
          </span>
        )}
      </p>
      <p id={`${id}-note`} class={`setting-note small ${note?.kind ?? ''}`} role="status">
        {note?.text}
      </p>
    </div>
  );
}
