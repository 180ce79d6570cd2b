// Which letters look alike: a compact table after the idea of Unicode's UTS 39, for the scripts in which names are most
// easily forged. Only data; names.ts uses it for warnings, never to change a name.

/** Pairs of `what is seen` and the characters that look like it, all in small letters. */
const GROUPS: readonly (readonly [string, string])[] = [
  ['a', 'аαɑ'],
  ['b', 'вьβƅ'],
  ['c', 'сϲᴄ'],
  ['d', 'ԁ'],
  ['e', 'еεєҽ'],
  ['f', 'ғƒ'],
  ['g', 'ɡցԍ'],
  ['h', 'һнհ'],
  ['j', 'јʝ'],
  ['k', 'кκқҝ'],
  // i, l, 1 and | are one class: no font keeps all of them and their capitals apart.
  ['l', 'iı1|ӏіїιɩǀ¦'],
  ['n', 'пηո'],
  ['o', '0оοσօ'],
  ['p', 'рρ'],
  ['q', 'ԛզ'],
  ['r', 'гᴦ'],
  ['rn', 'mмϻ'],
  ['s', 'ѕʂ'],
  ['t', 'тτ'],
  ['u', 'иυսʋ'],
  ['v', 'νѵᴠ'],
  ['vv', 'wԝωѡ'],
  ['x', 'хχ×'],
  ['y', 'уγүұ'],
  ['z', 'ζᴢ'],
  ['3', 'зʒӡ'],
  ['-', '‐‑‒–—―−⁃ー'],
  ["'", '‘’‛`´ʹʼ′'],
  ['"', '“”„‟″'],
  ['.', '․'],
  [',', '‚'],
];

/** Greek capitals whose Latin twin is another letter than that of their small form. */
const CAPITAL_GROUPS: readonly (readonly [string, string])[] = [
  ['h', 'Η'],
  ['n', 'Ν'],
  ['rn', 'Μ'],
  ['y', 'Υ'],
];

function table(groups: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [seen, characters] of groups) for (const character of characters) map.set(character, seen);
  return map;
}

export const LOOKALIKES = table(GROUPS);
export const CAPITAL_LOOKALIKES = table(CAPITAL_GROUPS);
