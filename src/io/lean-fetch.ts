// What the engine needs of `fetch`, made of `node:http`: the built-in one costs every process 13 MiB and 20 ms, the first
// time it is used. One request, its redirects, the body as it comes; no cache, no cookies, no compression. `node:http` is
// never loaded by `import`: that evaluates all that Node exports there, and the built-in `fetch` is behind one of the names.

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Fetch, FetchInit, FetchReply } from '../api/http-call.ts';

const MOST_REDIRECTS = 5;

/** Rejects with the system's error, or with the signal's reason when aborted, also while the body is read. */
export const leanFetch: Fetch = async (url, init) => {
  let target = new URL(url);
  for (let hop = 0; ; hop++) {
    const response = await request(target, init);
    const next = redirected(response, target, init.method);
    if (next === undefined || hop === MOST_REDIRECTS) return replyOf(response, target, init.signal);
    response.destroy();
    target = next;
  }
};

function request(target: URL, { method, headers, body, signal }: FetchInit): Promise<IncomingMessage> {
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    return Promise.reject(new Error(`${target.protocol} is neither http nor https`));
  const protocol = process.getBuiltinModule(target.protocol === 'https:' ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length = bytes === undefined ? {} : { 'content-length': String(bytes.length) };
    const sent: ClientRequest = protocol.request(target, { method, headers: { ...headers, ...length }, signal });
    sent.on('response', resolve);
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    sent.end(bytes);
  });
}

/** Where to ask instead. A request with a body goes on only where the tracker says that it stays the same request. */
function redirected(response: IncomingMessage, from: URL, method: string): URL | undefined {
  const { location } = response.headers;
  const status = response.statusCode ?? 0;
  const same = status === 307 || status === 308;
  const plain = method === 'GET' && (status === 301 || status === 302 || status === 303);
  return location !== undefined && (same || plain) && URL.canParse(location, from.href)
    ? new URL(location, from)
    : undefined;
}

function replyOf(response: IncomingMessage, target: URL, signal: AbortSignal): FetchReply {
  const status = response.statusCode ?? 0;
  const parts: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
  return {
    ok: status >= 200 && status < 300,
    status,
    url: target.href,
    body: {
      getReader: () => ({
        async read() {
          try {
            const { done, value } = await parts.next();
            return done === true ? { done: true } : { done: false, value };
          } catch (error) {
            throw signal.aborted ? signal.reason : error;
          }
        },
        async cancel() {
          response.destroy();
        },
      }),
    },
  };
}
