// What kind of thing a name in the catalog is, by its ending. Pure.

export const KINDS = ['video', 'audio', 'image', 'document', 'archive', 'system', 'folder', 'other'] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_TITLES: Readonly<Record<Kind, string>> = {
  video: 'Video',
  audio: 'Audio',
  image: 'Pictures',
  document: 'Documents',
  archive: 'Archives',
  system: 'Software',
  folder: 'Folders',
  other: 'Other',
};

const ENDINGS: readonly (readonly [Kind, string])[] = [
  ['video', 'mkv mp4 m4v webm avi mov mpg mpeg ogv wmv ts'],
  ['audio', 'flac mp3 ogg oga opus wav m4a m4b aac wma mid'],
  ['image', 'jpg jpeg png gif webp avif svg tif tiff heic raw psd'],
  ['document', 'pdf epub txt md odt ods odp doc docx xls xlsx ppt pptx csv json html mobi djvu rtf'],
  ['archive', 'zip tar gz tgz bz2 xz zst 7z rar txz'],
  ['system', 'iso img qcow2 vdi vmdk ova exe msi deb rpm apk dmg appimage jar wasm'],
];
const BY_ENDING = new Map(ENDINGS.flatMap(([kind, all]) => all.split(' ').map((ending) => [ending, kind] as const)));

/** `files`: how many the entry has; several in a folder without an ending are a folder. */
export function kindOf(name: string, files: number): Kind {
  const ending = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase();
  return BY_ENDING.get(ending ?? '') ?? (files > 1 ? 'folder' : 'other');
}
