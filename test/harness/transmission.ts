// A daemon in the test's own process that is driven over Transmission's RPC.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { DaemonOptions } from '../../src/daemon/daemon.ts';
import { openDaemon } from './daemon.ts';
import { rawRequest } from './raw-http.ts';
import { temporaryDirectory } from './shoal.ts';

export type Values = Record<string, unknown>;
export interface RpcReply {
  result: string;
  arguments: Values & { torrents: Values[] };
  tag?: number;
}

/** A daemon, and calls of its RPC: `call` comes back with the whole answer, `ok` with the arguments of a success. */
export async function openRpc(t: TestContext, options: Partial<DaemonOptions> = {}) {
  const directory = await temporaryDirectory('rpc');
  const opened = await openDaemon(t, directory, options);
  const url = `${opened.daemon.url}/transmission/rpc`;
  const authorization = `Basic ${Buffer.from(`shoal:${opened.daemon.token}`).toString('base64')}`;
  const first = await rawRequest(url, { headers: { authorization } });
  const id = String(first.headers['x-transmission-session-id']);
  const post = (body: string, headers = {}) =>
    rawRequest(url, {
      method: 'POST',
      headers: { authorization, 'x-transmission-session-id': id, ...headers },
      body,
    });
  const call = async (method: string, values?: Values): Promise<RpcReply> => {
    const reply = await post(JSON.stringify({ method, arguments: values, tag: 7 }));
    assert.equal(reply.status, 200);
    const { json } = reply;
    assert.equal(json.tag, 7);
    return json as unknown as RpcReply;
  };
  const ok = async (method: string, values?: Values) => {
    const reply = await call(method, values);
    assert.equal(reply.result, 'success', method);
    return reply.arguments;
  };
  return { ...opened, directory, url, authorization, id, post, call, ok };
}
