// Shapes of what a peer process tells the tracker in its session, and of what the tracker tells about a swarm. Sizes are
// bytes, times seconds unless a name says otherwise. Whatever came from peers is untrusted text.

import { type Static, Type } from 'typebox';
import { MAX_RANGES, MAX_REPORTS } from './session-limits.ts';

const InfoHash = Type.String({ pattern: '^[0-9a-f]{40}$', description: 'v1 info-hash in hex' });
const Key = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Raw ed25519 public key in hex' });
const SessionId = Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Secret' });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Port = Type.Integer({ minimum: 1, maximum: 65535 });

/** Pieces of a torrent of which reports are taken, as many as a bitfield of 64 KiB tells. */
const MAX_BITFIELD_BASE64 = Math.ceil(65_536 / 3) * 4;

export const OpenSessionBody = Type.Object({
  publisher: Key,
  port: Port,
  timestamp: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Epoch seconds' }),
  nonce: Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Random; never used twice' }),
  signature: Type.String({
    minLength: 88,
    maxLength: 88,
    description:
      'Base64 of the ed25519 signature over "shoal-session-v1\\0" and the canonical bencoded dictionary of the other fields',
  }),
});
export type OpenSessionBody = Static<typeof OpenSessionBody>;

export const OpenSessionReply = Type.Object({
  session: SessionId,
  every: Type.Number({ minimum: 0, description: 'Seconds between heartbeats' }),
  lease: Type.Number({ minimum: 0, description: 'Seconds without a heartbeat after which the session is over' }),
});
export type OpenSessionReply = Static<typeof OpenSessionReply>;

export const SessionParams = Type.Object({ id: SessionId });
export type SessionParams = Static<typeof SessionParams>;

export const TorrentReport = Type.Object({
  infoHash: InfoHash,
  pieces: Type.Optional(
    Type.String({ maxLength: MAX_BITFIELD_BASE64, description: 'Base64 of the bitfield (BEP 3) of everything it has' }),
  ),
  added: Type.Optional(
    Type.Array(Type.Tuple([Count, Count]), {
      maxItems: MAX_RANGES,
      description: 'Pieces it has got since, as ascending ranges, both ends included',
    }),
  ),
});
export type TorrentReport = Static<typeof TorrentReport>;

export const HeartbeatBody = Type.Object({
  torrents: Type.Optional(Type.Array(TorrentReport, { maxItems: MAX_REPORTS })),
  gone: Type.Optional(
    Type.Array(InfoHash, { maxItems: MAX_REPORTS, description: 'Torrents this session is in no more' }),
  ),
});
export type HeartbeatBody = Static<typeof HeartbeatBody>;

export const HeartbeatReply = Type.Object({
  resend: Type.Array(InfoHash, { description: 'Torrents whose pieces the tracker must be told as a whole' }),
  refused: Type.Array(InfoHash, { description: 'Torrents of which the tracker takes no reports' }),
});
export type HeartbeatReply = Static<typeof HeartbeatReply>;

export const TorrentParams = Type.Object({ infoHash: InfoHash });
export type TorrentParams = Static<typeof TorrentParams>;

export const PeersQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
});
export type PeersQuery = Static<typeof PeersQuery>;

export const SwarmPeer = Type.Object({
  addresses: Type.Array(Type.String(), {
    description: 'host:port as the asker can reach it; empty when it cannot (a private address, say)',
  }),
  client: Type.String({ description: 'Program and version by its peer id (BEP 20); empty when unknown' }),
  seed: Type.Boolean(),
  left: Type.Integer({ minimum: 0, description: 'Bytes it lacked at its last announce' }),
  have: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Pieces it has; absent when it reports none and is no seed' }),
  ),
  pieces: Type.Optional(
    Type.String({ description: 'Base64 of its bitfield (BEP 3); absent for seeds and for peers that report none' }),
  ),
  age: Type.Number({ minimum: 0, description: 'Seconds since its last announce' }),
  session: Type.Boolean({ description: 'Whether it keeps a session, and so reports its pieces' }),
});
export type SwarmPeer = Static<typeof SwarmPeer>;

export const PeersReply = Type.Object({
  infoHash: InfoHash,
  pieceCount: Type.Integer({ minimum: 0, description: '0 when the torrent is not in the catalog' }),
  seeds: Count,
  peers: Type.Integer({ minimum: 0, description: 'Peers that are not seeds' }),
  completed: Count,
  swarm: Type.Array(SwarmPeer, { description: 'All, or as many as were asked for, drawn at random' }),
});
export type PeersReply = Static<typeof PeersReply>;

export const AvailabilityQuery = Type.Object({
  rarest: Type.Optional(Type.Integer({ minimum: 0, maximum: 256, default: 32 })),
});
export type AvailabilityQuery = Static<typeof AvailabilityQuery>;

export const AvailabilityReply = Type.Object({
  infoHash: InfoHash,
  pieceCount: Type.Integer({ minimum: 0, description: '0 when the torrent is not in the catalog' }),
  complete: Type.Integer({ minimum: 0, description: 'Peers that have every piece' }),
  partial: Type.Integer({ minimum: 0, description: 'Peers that reported a part' }),
  unknown: Type.Integer({ minimum: 0, description: 'Peers that lack something and report nothing: not counted below' }),
  min: Type.Integer({ minimum: 0, description: 'Copies of the rarest piece' }),
  missing: Type.Integer({ minimum: 0, description: 'Pieces without a known copy' }),
  histogram: Type.Array(Type.Object({ copies: Count, pieces: Count }), {
    description: 'How many pieces have how many copies, rarest first, at most 64 rows',
  }),
  rarest: Type.Array(Type.Object({ piece: Count, copies: Count })),
});
export type AvailabilityReply = Static<typeof AvailabilityReply>;
