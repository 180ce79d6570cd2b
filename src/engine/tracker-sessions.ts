import { randomBytes } from 'node:crypto';
import type { Bitfield } from '../base/bitfield.ts';
import type { Identity } from '../io/identity.ts';

export class TrackerSessions {
  readonly key = randomBytes(4).toString('hex');
  constructor(_identity: Identity, _port: number) {}
  track(_infoHash: string, _urls: readonly string[], _have: () => Bitfield | undefined): void {}
  untrack(_infoHash: string): void {}
  gained(_infoHash: string, _piece: number): void {}
  sessionId(_url: string): string | undefined {
    return undefined;
  }
  async ready(_infoHash: string): Promise<void> {}
  async close(): Promise<void> {}
}
