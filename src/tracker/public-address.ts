// Under which URL the tracker is known to whoever asks: the one the operator gave, else the one the asker used. An
// address only this host knows must not be told to another.

import type { IncomingMessage } from 'node:http';
import { formatEndpoint, parseAddress } from '../base/endpoint.ts';

/** A host name or literal address, with or without a port. Nothing that could be taken for more of a URL. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** Base URL without a slash at its end. */
export function baseUrlFor(request: IncomingMessage, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '');
  const host = request.headers.host;
  if (host !== undefined && HOST.test(host)) return `http://${host}`;
  return `http://${formatEndpoint({ host: localAddress(request), port: request.socket.localPort ?? 80 })}`;
}

export function announceUrlFor(request: IncomingMessage, publicUrl: string | undefined): string {
  return `${baseUrlFor(request, publicUrl)}/announce`;
}

function localAddress(request: IncomingMessage): string {
  const address = request.socket.localAddress ?? '127.0.0.1';
  const bytes = parseAddress(address);
  return bytes?.length === 4 ? bytes.join('.') : address;
}
