// HTTP requests with any header there is, also those that fetch does not let one set; for tests of what servers refuse.

import { request } from 'node:http';

export interface RawReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body when it is JSON, else an empty object. */
  json: Record<string, unknown>;
}

export interface RawOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Do not wait for the end of the reply. */
  stream?: boolean;
}

/** `url`: where to connect to; a `host` header may say something else. */
export function rawRequest(
  url: string,
  { method = 'GET', headers = {}, body, stream }: RawOptions = {},
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (reply) => {
      const finish = (text: string) => {
        let json: Record<string, unknown> = {};
        try {
          json = JSON.parse(text);
        } catch {
          // Not all replies are.
        }
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, json });
      };
      if (stream === true) {
        finish('');
        reply.destroy();
        return;
      }
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part) => {
        text += part;
      });
      reply.on('end', () => finish(text));
      reply.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
