// A daemon to attack, and the ways of asking it that its own client would not take.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { openDaemon } from '../harness/daemon.ts';
import { rawRequest } from '../harness/raw-http.ts';
import { temporaryDirectory } from '../harness/shoal.ts';

export const LINK = `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=x`;
export const ADD = '/api/v1/torrents';
export const BODY = JSON.stringify({ magnet: LINK, paused: true });
export const JSON_TYPE = { 'content-type': 'application/json' };

/** A daemon in a directory of its own, with what a raw request to it needs. */
export async function open(t: TestContext, options = {}) {
  const directory = await temporaryDirectory('hostile');
  const opened = await openDaemon(t, directory, options);
  const { daemon } = opened;
  const host = new URL(daemon.url).host;
  return {
    ...opened,
    directory,
    url: daemon.url,
    host,
    port: new URL(daemon.url).port,
    bearer: { authorization: `Bearer ${daemon.token}` },
  };
}

/** A cookie as the page gets it. */
export async function login(url: string, token: string): Promise<string> {
  const reply = await rawRequest(`${url}/api/v1/login`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ token }),
  });
  assert.equal(reply.status, 200);
  return String(reply.headers['set-cookie']).split(';')[0]!;
}

/** Of a request whose path is sent as it stands. */
export async function rawStatus(url: string, method: string, path: string): Promise<number> {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let answer = '';
  for await (const bytes of socket) answer += bytes;
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}
