// How this browser shows the page. Nothing of it goes to the daemon.

import { type Preferences, prefer, preferences } from '../data/preferences.ts';
import { ChoiceField } from './choice-field.tsx';

const THEMES: readonly (readonly [Preferences['theme'], string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];
const DENSITIES: readonly (readonly [Preferences['density'], string])[] = [
  ['normal', 'Normal'],
  ['dense', 'Dense'],
];

export function Appearance() {
  const { theme, density } = preferences.use();
  return (
    <>
      <ChoiceField
        label="Theme"
        hint="Remembered by this browser alone."
        choices={THEMES}
        value={theme}
        onChoose={(value) => prefer({ theme: value })}
      />
      <ChoiceField
        label="Rows"
        hint="Dense shows a quarter more of a long list."
        choices={DENSITIES}
        value={density}
        onChoose={(value) => prefer({ density: value })}
      />
    </>
  );
}
