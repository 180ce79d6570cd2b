// Peer ids (BEP 20): ours, and the client and version that other people's ids tell. What a peer id says is untrusted;
// names that come out of here are plain printable ASCII.

import type { Random } from '../../base/ports.ts';
import { encodeLatin1 } from '../../base/utf8.ts';

/** Shoal 0.1.0. */
const OUR_PREFIX = '-SH0100-';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Two-letter codes of ids like `-TR4060-`. */
const CLIENTS = new Map<string, string>([
  ['7T', 'aTorrent'],
  ['AG', 'Ares'],
  ['AT', 'Artemis'],
  ['AZ', 'Vuze'],
  ['BC', 'BitComet'],
  ['BI', 'BiglyBT'],
  ['BR', 'BitRocket'],
  ['BT', 'BitTorrent'],
  ['CD', 'Enhanced CTorrent'],
  ['CT', 'CTorrent'],
  ['DE', 'Deluge'],
  ['EB', 'EBit'],
  ['FD', 'Free Download Manager'],
  ['FL', 'Folx'],
  ['FW', 'FrostWire'],
  ['GT', 'anacrolix/torrent'],
  ['HL', 'Halite'],
  ['KG', 'KGet'],
  ['KT', 'KTorrent'],
  ['LP', 'Lphant'],
  ['LT', 'libtorrent'],
  ['LW', 'LimeWire'],
  ['MG', 'MediaGet'],
  ['OT', 'OmegaTorrent'],
  ['PI', 'PicoTorrent'],
  ['RQ', 'rqbit'],
  ['SD', 'Thunder'],
  ['SH', 'Shoal'],
  ['ST', 'SymTorrent'],
  ['SZ', 'Shareaza'],
  ['TL', 'Tribler'],
  ['TR', 'Transmission'],
  ['TX', 'Tixati'],
  ['UE', 'uTorrent Embedded'],
  ['UM', 'uTorrent Mac'],
  ['UT', 'uTorrent'],
  ['UW', 'uTorrent Web'],
  ['WD', 'WebTorrent Desktop'],
  ['WW', 'WebTorrent'],
  ['XL', 'Xunlei'],
  ['lt', 'rTorrent'],
  ['qB', 'qBittorrent'],
  ['rQ', 'rqbit'],
]);

/** Twenty bytes: our prefix and twelve random letters and digits. */
export function makePeerId(random: Random): Uint8Array {
  let text = OUR_PREFIX;
  while (text.length < 20) text += ALPHABET[Math.floor(random() * ALPHABET.length)]!;
  return encodeLatin1(text);
}

/** Version text of four Azureus-style characters: digits and letters as numbers, joined by dots. */
function versionOf(characters: string): string {
  const numbers: number[] = [];
  for (const character of characters) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return characters;
    numbers.push(value);
  }
  if (numbers[3] === 0) numbers.pop();
  return numbers.join('.');
}

/**
 * Client and version from a peer id, such as `qBittorrent 4.6.5`; '' when the id follows no convention. Extension
 * handshakes tell better, so this is for those who send none.
 */
export function clientName(peerId: Uint8Array): string {
  let text = '';
  for (const byte of peerId.subarray(0, 20)) text += byte > 32 && byte < 127 ? String.fromCharCode(byte) : ' ';
  const azureus = /^-([A-Za-z0-9~]{2})([A-Za-z0-9]{4})-/.exec(text);
  if (azureus !== null) {
    const name = CLIENTS.get(azureus[1]!);
    return name === undefined ? `${azureus[1]}${azureus[2]}` : `${name} ${versionOf(azureus[2]!)}`;
  }
  const dashed = /^(A2|M|Q)-?(\d{1,3})-(\d{1,3})-(\d{1,3})-/.exec(text);
  if (dashed !== null) {
    const name = dashed[1] === 'A2' ? 'aria2' : dashed[1] === 'M' ? 'BitTorrent' : 'Queen Bee';
    return `${name} ${dashed[2]}.${dashed[3]}.${dashed[4]}`;
  }
  return '';
}
