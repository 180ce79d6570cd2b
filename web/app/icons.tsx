// The few signs the page uses, drawn with strokes so that they take the colour of the text. They never stand alone: a name
// goes with each.

const PATHS = {
  transfers: 'M5 3v10M5 13l-2.5-2.5M5 13l2.5-2.5M11 13V3M11 3L8.5 5.5M11 3l2.5 2.5',
  catalog: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h7',
  activity: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.4',
  settings: 'M2 4.5h7M12.5 4.5H14M2 11.5h2M7.5 11.5H14M11 2.8v3.4M5.7 9.8v3.4',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9M10.3 10.3L14 14',
  add: 'M8 3v10M3 8h10',
  back: 'M10 3L5 8l5 5',
  fold: 'M4 6l4 4 4-4',
  share: 'M8 10V2.5M8 2.5L5 5.5M8 2.5l3 3M3 9.5V13h10V9.5',
  menu: 'M8 3.4v.2M8 7.9v.2M8 12.4v.2',
  play: 'M5 3.2v9.6L12.5 8z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  next: 'M3.5 3.5v9L10 8zM12.5 3.5v9',
  previous: 'M12.5 3.5v9L6 8zM3.5 3.5v9',
  close: 'M4 4l8 8M12 4l-8 8',
  open: 'M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3L7.5 8.5',
  full: 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3',
  link: 'M6.8 9.2a2.3 2.3 0 0 0 3.3 0l2-2a2.3 2.3 0 0 0-3.3-3.3l-.7.7M9.2 6.8a2.3 2.3 0 0 0-3.3 0l-2 2a2.3 2.3 0 0 0 3.3 3.3l.7-.7',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
