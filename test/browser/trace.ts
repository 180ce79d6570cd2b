// What Chromium's own trace says of the page's main thread, in processor time: other programs on the machine make a page
// late, but not busy.

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds: when it began, how long it took, and for how long of that the thread ran. */
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** What runs the page's scripts. */
const SCRIPTING = new Set([
  'EvaluateScript',
  'EventDispatch',
  'FireAnimationFrame',
  'FunctionCall',
  'HandlePostMessage',
  'RunMicrotasks',
  'TimerFire',
  'v8.callFunction',
]);

export const TRACE_CATEGORIES = ['toplevel', 'devtools.timeline', 'v8'];

export interface MainThread {
  /** Milliseconds of scripting from each message of the feed up to the next. */
  updates: number[];
  /** Milliseconds of the longest task. */
  longestTask: number;
}

export function readTrace(trace: Buffer): MainThread {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const names = traceEvents.filter(({ name }) => name === 'thread_name');
  // The browser has pages of its own, in other processes; ours is the one with the worker.
  const ours = new Set(names.filter(({ args }) => args?.name === 'DedicatedWorker thread').map(({ pid }) => pid));
  const mains = names.filter(({ pid, args }) => args?.name === 'CrRendererMain' && ours.has(pid));
  const threads = new Set(mains.map(({ pid, tid }) => `${pid} ${tid}`));
  const main = traceEvents.filter(({ pid, tid, ph }) => ph === 'X' && threads.has(`${pid} ${tid}`));
  main.sort((a, b) => a.ts - b.ts);
  const messages = main.filter(({ name }) => name === 'HandlePostMessage');
  const updates = messages.map(() => 0);
  let at = -1;
  let covered = 0;
  let longestTask = 0;
  for (const { name, ts, dur = 0, tdur = 0 } of main) {
    if (name.endsWith('RunTask')) longestTask = Math.max(longestTask, tdur / 1000);
    while (at + 1 < messages.length && messages[at + 1]!.ts <= ts) at++;
    // One within another is counted with it.
    if (!SCRIPTING.has(name) || ts < covered) continue;
    covered = ts + dur;
    if (at >= 0) updates[at]! += tdur / 1000;
  }
  return { updates, longestTask };
}
