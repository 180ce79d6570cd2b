// The .torrent files the tracker hands out: as published, with this tracker as the first to announce to. `info` is copied
// byte for byte, so the info-hash stays what it was.

import { asDict, decodeDocument, type Encodable, encode, Preencoded } from '../protocol/bencode.ts';

/**
 * `torrent` with `announce` (tiers of BEP 12, not empty) in place of the announce URLs it came with. Everything else in
 * it stays.
 */
export function withAnnounce(torrent: Uint8Array, announce: readonly (readonly string[])[]): Uint8Array {
  const document = decodeDocument(torrent, { form: 'lenient', strictUnder: 'info' });
  const fields = new Map<string, Encodable>(asDict(document.value) ?? []);
  const [start, end] = document.spans.get('info') ?? [0, 0];
  fields.set('info', new Preencoded(torrent.subarray(start, end)));
  fields.set('announce', announce[0]![0]!);
  fields.delete('announce-list');
  if (announce.length > 1 || announce[0]!.length > 1) fields.set('announce-list', announce);
  return encode(fields);
}
