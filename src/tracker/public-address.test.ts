import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { announceUrlFor, baseUrlFor } from './public-address.ts';

function requestWith(host: string | undefined, localAddress = '192.0.2.7', localPort = 7070): IncomingMessage {
  return { headers: { host }, socket: { localAddress, localPort } } as unknown as IncomingMessage;
}

test('the public URL of the operator comes first', () => {
  const request = requestWith('elsewhere:1');
  assert.equal(baseUrlFor(request, 'https://tracker.example/shoal/'), 'https://tracker.example/shoal');
  assert.equal(announceUrlFor(request, 'https://tracker.example'), 'https://tracker.example/announce');
});

test('without one it is what the asker used', () => {
  for (const host of ['tracker.local:7070', 'localhost', '192.0.2.1:80', '[2001:db8::1]:7070', '[::1]'])
    assert.equal(baseUrlFor(requestWith(host), undefined), `http://${host}`);
});

test('a Host that is none is not believed', () => {
  for (const host of [undefined, '', 'a b', 'a/b', 'a@b', 'a?b', 'a#b', 'a:b', '"><script>', 'a\r\nb', '[x]', '-a'])
    assert.equal(baseUrlFor(requestWith(host), undefined), 'http://192.0.2.7:7070', host);
  assert.equal(baseUrlFor(requestWith('', '::ffff:192.0.2.7'), undefined), 'http://192.0.2.7:7070');
  assert.equal(baseUrlFor(requestWith('', '2001:db8::7'), undefined), 'http://[2001:db8::7]:7070');
});
