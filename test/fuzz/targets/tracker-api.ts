// The tracker's HTTP endpoints behind a real server: whatever comes as path, query and body, the answer is no server error
// and the tracker is well afterwards.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { type Endpoint, endpoints } from '../../../src/api/endpoints.ts';
import { createIdentity } from '../../../src/io/identity.ts';
import { entryBytes } from '../../../src/protocol/entry.ts';
import { parseMetainfo } from '../../../src/protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../../../src/protocol/metainfo-build.ts';
import { percentEncode } from '../../../src/protocol/tracker/query.ts';
import { startTracker, type Tracker } from '../../../src/tracker/server.ts';
import { type FuzzTarget, note, utf8 } from '../oracle.ts';

const ROUTES: readonly Endpoint[] = [
  ...Object.values(endpoints),
  { method: 'GET', path: '/announce', policy: 'public', summary: '' },
  { method: 'GET', path: '/scrape', policy: 'public', summary: '' },
];
const HEX = 'ab'.repeat(16);

let tracker: Tracker;
let directory: string;
let agent: http.Agent;

function publication(): string {
  const identity = createIdentity();
  const pieces = new Uint8Array(20);
  const torrent = encodeMetainfo({
    infoBytes: buildInfo({ name: 'n', pieceLength: 16384, pieces, files: { length: 10 } }),
  });
  const { infoHash, size } = parseMetainfo(torrent, (bytes) => hash('sha1', bytes, 'buffer'));
  const entry = entryBytes({
    type: 'file',
    publisher: identity.publicKey,
    name: 'n',
    seq: 1,
    prev: '',
    timestamp: 1_700_000_000,
    infoHash,
    size,
    trackers: [],
  });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return JSON.stringify({ entry: base64(entry), signature: base64(identity.sign(entry)), torrent: base64(torrent) });
}

/** First byte: the endpoint. Then what stands for its parameter, its query and its body, one in each line. */
function request(route: string, parameter: string, query: string, body: string): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(ROUTES.findIndex(({ method, path }) => `${method} ${path}` === route)),
    Buffer.from(`${parameter}\n${query}\n${body}`),
  ]);
}

function ask(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers =
      body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = http.request({ host: tracker.host, port: tracker.port, agent, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(parts).toString() }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export const trackerApi: FuzzTarget = {
  name: 'tracker-api',
  maxLength: 60_000,
  seeds: [
    request('POST /api/v1/files', '', '', publication()),
    request('POST /api/v1/files', '', '', '{"entry":"","signature":"","torrent":""}'),
    request('GET /api/v1/files', '', 'q=a&limit=5&cursor=eyJ9', ''),
    request('GET /api/v1/files/:name', 'größe', 'version=1', ''),
    request('GET /api/v1/files/:name/head', 'n', `publisher=${HEX}${HEX}`, ''),
    request('GET /api/v1/files/:name/torrent', 'n', '', ''),
    request('DELETE /api/v1/files/:name', 'n', '', '{"entry":"AAAA","signature":"AAAA"}'),
    request(
      'POST /api/v1/sessions',
      '',
      '',
      `{"publisher":"${HEX}${HEX}","port":1,"timestamp":1700000000,"nonce":"${HEX}","signature":"${'A'.repeat(86)}=="}`,
    ),
    request('PUT /api/v1/sessions/:id/heartbeat', HEX, '', '{"torrents":[{"infoHash":"x","have":[[0,5]]}]}'),
    request('DELETE /api/v1/sessions/:id', HEX, '', ''),
    request('GET /api/v1/torrents/:infoHash/peers', `${HEX}abababab`, 'limit=5', ''),
    request('GET /api/v1/torrents/:infoHash/availability', `${HEX}abababab`, 'rarest=3', ''),
    request('GET /', '', 'q=<b>&cursor=x', ''),
    request('GET /announce', '', `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=0`, ''),
    request('GET /scrape', '', `info_hash=${'a'.repeat(20)}`, ''),
  ],
  tokens: utf8(
    '\n',
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    'null',
    '"__proto__":{"x":1}',
    '1e400',
    '-1',
    '&',
    '=',
    '%',
    '%00',
    '%2f',
    '..',
    '"entry":',
    '"torrent":',
    '\ud800',
    '[[[[[[[[',
  ),
  async open() {
    directory = mkdtempSync(path.join(os.tmpdir(), 'shoal-fuzz-'));
    tracker = await startTracker({ listen: { host: '127.0.0.1', port: 0 }, dataDir: directory });
    agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
    // What an input meets must not hang on the inputs before it.
    const { status } = await ask('POST', '/api/v1/files', publication());
    assert.equal(status, 201);
  },
  async close() {
    agent.destroy();
    await tracker.close();
    rmSync(directory, { recursive: true, force: true });
  },
  async fuzz(bytes) {
    const { method, path } = ROUTES[(bytes[0] ?? 0) % ROUTES.length]!;
    const text = Buffer.from(bytes.subarray(1)).toString('utf8');
    const [parameter = '', query = '', ...body] = text.split('\n');
    const escaped = percentEncode(Buffer.from(parameter)).slice(0, 4000);
    const raw = query.replace(/[^\x21-\x7e]/g, (character) => percentEncode(Buffer.from(character))).slice(0, 4000);
    const target = `${path.replace(/:[a-zA-Z]+/, escaped)}${raw === '' ? '' : `?${raw}`}`;
    const { status, text: answer } = await ask(method, target, method === 'GET' ? '' : body.join('\n'));
    note(`${method} ${path} ${status} ${/"reason":"(\w+)"/.exec(answer)?.[1] ?? ''}`);
    assert.ok(status < 500, `${method} ${target}: ${status} ${answer.slice(0, 300)}`);
    if (path !== '/') assert.ok(!answer.includes('    at '), 'a stack was shown');
    const { status: well } = await ask('GET', '/style.css', '');
    assert.equal(well, 200);
  },
};
