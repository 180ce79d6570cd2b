// What can be added: links, addresses, names, files. Recognises them and hands them to the daemon.

import type { AddBody } from '../../src/api/daemon-schemas.ts';
import { api } from '../data/api.ts';

export interface Source {
  /** For display. */
  title: string;
  body: Pick<AddBody, 'magnet' | 'url' | 'torrent' | 'name'>;
}

/** A link or address; undefined for any other text. */
export function sourceOf(given: string): Source | undefined {
  const text = given.trim();
  if (/^magnet:\?/i.test(text)) return { title: titleOf(text), body: { magnet: text } };
  if (/^[0-9a-f]{40}$/i.test(text))
    return { title: `Info-hash ${text}`, body: { magnet: `magnet:?xt=urn:btih:${text}` } };
  if (/^https?:\/\/\S+$/i.test(text)) return { title: text, body: { url: text } };
  return undefined;
}

/** Of a .torrent file. */
export async function sourceOfFile(file: File): Promise<Source> {
  return { title: file.name, body: { torrent: await base64Of(file) } };
}

export function addSource(source: Source, options: Pick<AddBody, 'directory' | 'paused' | 'labels'>) {
  return api.add({ body: { ...source.body, ...options } });
}

function titleOf(magnet: string): string {
  const name = new URLSearchParams(magnet.slice(magnet.indexOf('?') + 1)).get('dn');
  return name ?? 'Magnet link';
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
