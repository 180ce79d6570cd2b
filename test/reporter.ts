// How a test run is told: the runner's own report, then every skipped test with its reason, then one plain line.

import { Readable } from 'node:stream';
import { spec as Spec, type TestEvent } from 'node:test/reporters';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncIterable<string> {
  const skipped = new Map<string, string>();
  let passed = 0;
  let failed = 0;
  async function* watch(): AsyncIterable<TestEvent> {
    for await (const event of source) {
      if (event.type === 'test:pass' && event.data.skip !== undefined)
        skipped.set(event.data.name, String(event.data.skip === true ? 'no reason given' : event.data.skip));
      if (event.type === 'test:summary' && event.data.file === undefined) {
        passed = event.data.counts.passed;
        failed = event.data.counts.tests - passed - event.data.counts.skipped - event.data.counts.todo;
      }
      yield event;
    }
  }
  for await (const text of Readable.from(watch()).compose(new Spec())) yield String(text);
  for (const [name, reason] of skipped) yield `skipped: ${name}: ${reason}\n`;
  yield `${passed} passed, ${failed} failed, ${skipped.size} skipped\n`;
}
