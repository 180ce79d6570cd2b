// Every fuzz target there is.

import type { FuzzTarget } from './oracle.ts';
import { addresses, flags, magnets } from './targets/addresses.ts';
import { lenient, strict } from './targets/bencode.ts';
import { config } from './targets/config.ts';
import { byteRange, eventStream, fileSelection } from './targets/http.ts';
import { journal, resume } from './targets/journal.ts';
import { metainfo, urls } from './targets/metainfo.ts';
import { names } from './targets/names.ts';
import { magnetSession, seedSession, torrentSession } from './targets/session.ts';
import { schedule, stateFiles } from './targets/state-files.ts';
import { announceQuery, announceReply, entry, replies, savedRegistry, scrape } from './targets/tracker.ts';
import { trackerApi } from './targets/tracker-api.ts';
import { extensionHandshake, extensionMessages, framer, metadataMessage } from './targets/wire.ts';

export const targets: readonly FuzzTarget[] = [
  strict,
  lenient,
  metainfo,
  magnets,
  urls,
  addresses,
  names,
  framer,
  torrentSession,
  magnetSession,
  seedSession,
  extensionHandshake,
  metadataMessage,
  extensionMessages,
  announceReply,
  announceQuery,
  scrape,
  entry,
  resume,
  journal,
  savedRegistry,
  stateFiles,
  config,
  schedule,
  flags,
  replies,
  trackerApi,
  byteRange,
  fileSelection,
  eventStream,
];
