// Files to be played, made by the tests themselves.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { needsBrowser } from './browser.ts';

const FFMPEG = '/usr/bin/ffmpeg';
const SAMPLES = 22_050;

/** A tone, 44 100 bytes a second. */
export async function makeWav(path: string, seconds: number): Promise<void> {
  const data = Buffer.alloc(SAMPLES * seconds * 2);
  for (let at = 0; at < SAMPLES * seconds; at++)
    data.writeInt16LE(Math.round(8_000 * Math.sin((at * (at % 7 === 0 ? 441 : 440) * 2 * Math.PI) / SAMPLES)), at * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(SAMPLES, 24);
  head.writeUInt32LE(SAMPLES * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.concat([head, data]));
}

/** VP8 and Opus, with its index at the end, as most have it. */
export function makeWebm(path: string, seconds: number): void {
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=12,noise=alls=20:allf=t`];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=330'];
  const video = ['-c:v', 'libvpx', '-b:v', '500k', '-deadline', 'realtime', '-cpu-used', '8', '-g', '24'];
  const words = [...picture, ...sound, '-t', String(seconds), ...video, '-c:a', 'libopus', '-b:a', '64k', path];
  const { status, stderr } = spawnSync(FFMPEG, ['-v', 'error', '-y', ...words], { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`ffmpeg: ${stderr}`);
}

/** Options for a test that needs the browser and ffmpeg. */
export function needsFfmpeg(): { skip: string | false } {
  const { skip } = needsBrowser();
  if (skip !== false || existsSync(FFMPEG)) return { skip };
  const reason = "ffmpeg is not here (needs Debian's package ffmpeg)";
  if (process.env.SHOAL_REQUIRE_INTEROP === '1') throw new Error(`${reason}, and SHOAL_REQUIRE_INTEROP=1 asks for it`);
  return { skip: reason };
}
