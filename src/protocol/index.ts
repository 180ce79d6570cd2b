// The package entry `shoal/protocol`: BitTorrent's formats as pure functions, both directions, without I/O.

export { Bitfield } from '../base/bitfield.ts';
export type { Endpoint } from '../base/endpoint.ts';
export { type ErrorCode, ShoalError } from '../base/errors.ts';
export { BLOCK_LENGTH, Geometry } from '../base/geometry.ts';
export type { Random, Sha1 } from '../base/ports.ts';
export {
  type BDict,
  type BDocument,
  type BValue,
  type DecodeOptions,
  decode,
  decodeDict,
  decodeDocument,
  decodePrefix,
  type Encodable,
  encode,
  Preencoded,
} from './bencode.ts';
export { formatMagnet, type Magnet, parseMagnet } from './magnet.ts';
export {
  MAX_PIECE_LENGTH,
  MAX_PIECES,
  MAX_TORRENT_BYTES,
  type Metainfo,
  parseInfo,
  parseMetainfo,
} from './metainfo.ts';
export { buildInfo, choosePieceLength, encodeMetainfo, type InfoInput, type TorrentInput } from './metainfo-build.ts';
export type { MetainfoFile, MetainfoSymlink } from './metainfo-files.ts';
export { catalogName, confusableSkeleton, sanitizeComponent, sanitizeName, windowsName } from './names.ts';
export {
  type AnnounceEvent,
  type AnnounceParameters,
  type AnnounceReply,
  announceUrl,
  parseAnnounceReply,
} from './tracker/http.ts';
export {
  type AnnounceAnswer,
  type AnnounceRequest,
  encodeAnnounceReply,
  encodeFailure,
  parseAnnounceQuery,
  type QueryFailure,
} from './tracker/http-server.ts';
export {
  encodeScrapeReply,
  parseScrapeQuery,
  parseScrapeReply,
  type ScrapeReply,
  type SwarmCounts,
  scrapeUrl,
} from './tracker/scrape.ts';
export {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  type ExtensionHandshake,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  type MetadataMessage,
} from './wire/extension.ts';
export { allowedFastSet } from './wire/fast.ts';
export { Framer, type FramerOptions, type FramerSink } from './wire/framer.ts';
export { encodeHandshake, type Features, type Handshake, parseHandshake, readFeatures } from './wire/handshake.ts';
export {
  type BlockRequest,
  decodeBitfield,
  decodeBlock,
  decodeHave,
  decodeIndex,
  decodePort,
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeExtended,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeKeepAlive,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSignal,
  encodeSuggest,
  MESSAGE,
} from './wire/messages.ts';
export { clientName, makePeerId } from './wire/peer-id.ts';
