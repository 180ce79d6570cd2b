// The tables of hostile peers and of malformed messages: what each row is, and for rows without a test why there is none.
// A test says by its name which rows it is for: "P6: …", or "15, 16: …" for messages.

export interface Row {
  readonly row: string;
  readonly does: string;
  /** What becomes of it; of a row without a test, why nothing can. */
  readonly outcome: string;
  readonly absent?: boolean;
}

const peers: readonly (readonly [row: string, does: string, outcome: string])[] = [
  ['P1', 'one bad block in every piece', 'banned when a piece passes; at most two copies of a piece are wasted'],
  ['P2', 'bad data, sole source', 'banned at the first piece that is all its own'],
  ['P3', 'now and then a bad block among many senders', 'found by the digests of its block and banned, nobody else'],
  ['P4', 'two take turns at lying about the same blocks', 'both banned'],
  ['P6', 'has everything, sends nothing', 'snubbed; its requests are taken back and asked of others; one at a time'],
  ['P7', 'claims what is rare, sends nothing', 'no copy after three time-outs, until it sends a block'],
  ['P8', 'a byte now and then in a block', 'closed after six time-outs without progress'],
  ['P9', 'asks and never reads', 'at most two frames wait, reads stop, closed after 120 s'],
  ['P10', '100,000 requests', '2,000 wait, 300 more are rejected, then closed'],
  ['P11', 'asks while choked', 'rejected, then closed'],
  ['P12', 'an allowed-fast piece over and over', 'rejected from the fourth copy on, closed after 300 more requests'],
  ['P13', 'asks and cancels in a flood', '200 a second are tolerated, then closed'],
  ['P14', 'haves of all pieces, many times', 'constant time each; repeated ones change nothing'],
  ['P15', 'flaps interest and choke', '50 changes a second are tolerated, then closed'],
  ['P16', 'data nobody asked for', 'never written; closed after 16 blocks'],
  ['P17', 'a tiny, huge or negative request queue', 'brought into 1 to 512'],
  ['P18', 'a version 2 bit, hash messages', 'the bit is ignored, the messages close'],
  ['P20', 'itself, twice the same, one address often', 'closed; one place a global address, many on private networks'],
  ['P21', 'handshakes that are never finished', '10 s; 64 in all and 4 a global address; the longest waiting goes'],
  ['P22', 'openings of encrypted handshakes', 'closed at the first bytes: nothing is computed'],
  ['P23', 'a flood of exchanged addresses', 'not offered: ignored a hundred times, nobody is dialled'],
  ['P24', 'addresses for a private torrent', 'as P23'],
  [
    'P25',
    'metadata: huge, wrong, never',
    'over 10 MiB is not asked for; two at a time; given up after 4 s; a bad hash bans',
  ],
  ['P26', 'riders', 'places go round; who gives is served first'],
  ['P28', 'comes back after a ban', 'refused by name and port, and on the internet by address; bans are kept'],
  ['P29', 'encrypted or plain', 'plain only: the rest is closed without an answer'],
  ['P30', 'rendezvous with a third party', 'not offered: ignored, nobody is dialled'],
];

const noPeers: readonly (readonly [row: string, does: string, why: string])[] = [
  ['P5', 'right for version 1, wrong for version 2', 'torrents of version 1 only: there is no second hash'],
  ['P19', 'hashes of valid shape that are wrong', 'torrents of version 1 only: hashes are never asked for (see P18)'],
  ['P27', 'tricks of uTP', 'TCP only'],
];

const messages: readonly (readonly [row: number, defect: string, outcome: string])[] = [
  [1, 'another protocol', 'closed without an answer'],
  [2, 'unknown info-hash', 'closed without an answer'],
  [3, 'an opening of TLS', 'closed without an answer'],
  [4, 'handshake byte by byte, or glued to messages', 'accepted'],
  [5, 'no handshake', 'closed after 10 s'],
  [6, 'our own peer id', 'closed'],
  [7, 'length over 1 MiB or negative', 'packet_too_large, before anything is kept'],
  [8, 'a flood of keep-alives', 'ignored, then too_many_messages'],
  [9, 'unknown messages', 'ignored a hundred times, then invalid_message'],
  [10, 'choke, interest of wrong length', 'invalid_choke and so on'],
  [11, 'have of wrong length or index', 'invalid_have'],
  [12, 'have before the metadata', 'kept or ignored'],
  [13, 'bitfield of wrong length', 'invalid_bitfield_size'],
  [14, 'spare bits', 'invalid_bitfield'],
  [15, 'a further bitfield', 'replaces, three times'],
  [16, 'have-all, have-none', 'closed without the extension; else as 15'],
  [17, 'request of wrong length', 'invalid_request'],
  [18, 'request out of range', 'rejected 300 times; over 128 KiB closed'],
  [19, 'request for what is not had', 'rejected'],
  [20, 'request before the metadata', 'rejected'],
  [21, 'request that is not aligned', 'served'],
  [22, 'block too short or too long', 'invalid_piece, packet_too_large'],
  [23, 'block out of range', 'invalid_piece'],
  [24, 'block of another length than asked', 'invalid_piece'],
  [25, 'block of a piece that is had', 'thrown away and counted, never written'],
  [26, 'block after its cancel', 'taken once'],
  [27, 'cancel of wrong length, of nothing', 'invalid_cancel; ignored'],
  [28, 'port of wrong length', 'invalid_dht_port'],
  [29, 'suggest, allowed-fast out of range', 'ignored'],
  [30, 'rejects of nothing', 'ignored a hundred times, then invalid_reject'],
  [31, 'reject of wrong length', 'invalid_reject'],
  [32, 'empty extended message', 'invalid_extended'],
  [33, 'extension handshake: no dictionary, deep, huge', 'closed'],
  [34, 'extension numbers that are none', 'dropped'],
  [35, 'client name: long, control characters', 'cut to 64, cleaned'],
  [36, 'yourip of wrong length', 'ignored'],
  [37, 'metadata size 0, -1, 3 GB', 'ignored'],
  [38, 'a second extension handshake', 'adds to the first'],
  [39, 'metadata messages that make no sense', 'ignored eight times, then invalid_metadata'],
  [40, 'metadata of wrong length', 'as 39'],
  [41, 'a flood of metadata requests', 'three copies, then rejects'],
  [42, 'peer exchange', 'not offered: ignored a hundred times'],
  [43, 'hash request', 'invalid_message'],
  [44, 'hashes', 'invalid_message'],
  [45, 'hash reject for nothing', 'invalid_message'],
  [46, 'messages of version 2 before the metadata', 'invalid_message'],
  [47, 'taking back a piece that is none', 'invalid_dont_have'],
  [48, 'rendezvous', 'not offered: as 42'],
  [49, 'encrypted handshake', 'closed without an answer'],
];

const noMessages: readonly (readonly [row: number, defect: string, why: string])[] = [
  [50, 'uTP', 'TCP only'],
  [51, 'DHT messages', 'there is no DHT'],
  [52, 'UDP tracker', 'HTTP trackers only'],
];

function numberOf({ row }: Row): number {
  return Number(row.replace(/\D/g, ''));
}

function makeRows(
  tested: readonly (readonly [string | number, string, string])[],
  untested: readonly (readonly [string | number, string, string])[],
): readonly Row[] {
  return [
    ...tested.map(([row, does, outcome]) => ({ row: String(row), does, outcome })),
    ...untested.map(([row, does, outcome]) => ({ row: String(row), does, outcome, absent: true })),
  ].toSorted((a, b) => numberOf(a) - numberOf(b));
}

export const peerRows = makeRows(peers, noPeers);
export const messageRows = makeRows(messages, noMessages);

/** The rows that a test is for, by its name. */
export function rowsOf(name: string): string[] {
  const match = /^((?:P?\d+)(?:, P?\d+)*): /.exec(name);
  return match === null ? [] : match[1]!.split(', ');
}
