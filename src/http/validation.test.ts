import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { compileValidator } from './validation.ts';

const SHAPE = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    data: Type.Optional(Type.Boolean()),
    ratio: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.Null()])),
  },
  { additionalProperties: false },
);

function check(httpPart: string, given: unknown): unknown {
  const validate = compileValidator({ schema: SHAPE, httpPart, method: 'GET', url: '/' });
  const { value, error } = validate(given) as { value?: unknown; error?: Error & { status: number } };
  if (error === undefined) return value;
  assert.equal(error.status, 400);
  return error.message;
}

test('queries are text and are read, bodies have to be right as they are', () => {
  assert.deepEqual(check('querystring', { limit: '7', data: 'true' }), { limit: 7, data: true });
  assert.deepEqual(check('querystring', {}), { limit: 50 });
  assert.deepEqual(check('body', { limit: 7, ratio: null }), { limit: 7, ratio: null });
  for (const [part, given, message] of [
    ['querystring', { limit: '1e400' }, /^query\/limit must be/],
    ['querystring', { limit: '501' }, /^query\/limit must be <= 500/],
    ['querystring', { limit: 'x' }, /^query\/limit must be/],
    ['body', { limit: '7' }, /^body\/limit must be/],
    ['body', { data: 1 }, /^body\/data must be/],
    ['body', { ratio: '1' }, /^body\/ratio must/],
    ['body', { surprise: 1 }, /^body\/surprise is not known here/],
    ['body', [], /^body must be object/],
    ['body', undefined, /^body must be object/],
  ] as const)
    assert.match(String(check(part, given)), message, JSON.stringify(given));
});
