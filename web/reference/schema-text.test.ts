import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiDocument, Operation } from './document.ts';
import { groupCalls, matches } from './document.ts';
import { boundsOf, schemaText } from './schema-text.ts';

describe('a schema as text', () => {
  it('names plain types, values, alternatives and references', () => {
    assert.equal(schemaText({ type: 'integer' }), 'integer');
    assert.equal(schemaText({ const: 'done' }), '"done"');
    assert.equal(schemaText({ enum: ['low', 'high'] }), '"low" | "high"');
    assert.equal(schemaText({ anyOf: [{ type: 'string' }, { type: 'null' }] }), 'string | null');
    assert.equal(schemaText({ $ref: '#/components/schemas/Problem' }), 'Problem');
    assert.equal(schemaText({}), 'anything');
  });

  it('puts alternatives of a list in brackets, and leaves objects without', () => {
    assert.equal(schemaText({ type: 'array', items: { type: 'string' } }), 'string[]');
    const either = { anyOf: [{ type: 'integer' }, { type: 'string' }] };
    assert.equal(schemaText({ type: 'array', items: either }), '(integer | string)[]');
  });

  it('gives objects a line for each member, optional ones with a mark, bounds and words behind', () => {
    const schema = {
      type: 'object',
      required: ['name', 'files'],
      properties: {
        name: { type: 'string', maxLength: 255, description: 'In the catalog' },
        files: {
          type: 'array',
          items: { type: 'object', required: ['size'], properties: { size: { type: 'integer' } } },
        },
        limit: { type: 'integer', minimum: 1, maximum: 50 },
      },
    };
    assert.equal(
      schemaText(schema),
      [
        '{',
        '  name: string  // In the catalog; at most 255 characters',
        '  files: {',
        '    size: integer',
        '  }[]',
        '  limit?: integer  // 1 to 50',
        '}',
      ].join('\n'),
    );
    assert.equal(schemaText({ type: 'object' }), 'object');
    assert.equal(
      schemaText({ type: 'object', patternProperties: { '^.*$': { type: 'integer' } } }),
      '{\n  [name]: integer\n}',
    );
  });

  it('says bounds in words', () => {
    assert.equal(boundsOf({ minLength: 40, maxLength: 40 }), '40 characters');
    assert.equal(boundsOf({ minimum: 0 }), 'at least 0');
    assert.equal(boundsOf({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), 'at least 0');
    assert.equal(boundsOf({ type: 'string' }), '');
  });
});

describe('the calls of a document', () => {
  const operation = (operationId: string, summary: string): Operation => ({
    operationId,
    summary,
    description: '',
    parameters: [],
    responses: { '2XX': { content: {} } },
  });
  const document: ApiDocument = {
    info: { title: '', version: '', description: '' },
    servers: [],
    components: { schemas: {} },
    paths: {
      '/api/v1/torrents': { get: operation('torrents', 'All torrents'), post: operation('add', 'Add a torrent') },
      '/healthz': { get: operation('health', 'Whether it works') },
      '/api/v1/torrents/{infoHash}/pause': { post: operation('pause', 'Stop it') },
    },
  };

  it('are grouped by what they are about', () => {
    const groups = groupCalls(document).map(({ name, calls }) => [
      name,
      calls.map(({ method, path }) => `${method} ${path}`),
    ]);
    assert.deepEqual(groups, [
      ['torrents', ['GET /api/v1/torrents', 'POST /api/v1/torrents', 'POST /api/v1/torrents/{infoHash}/pause']],
      ['besides', ['GET /healthz']],
    ]);
  });

  it('are found by any of their words', () => {
    const found = (words: string) =>
      groupCalls(document).flatMap(({ calls }) => calls.filter((call) => matches(call, words)));
    assert.deepEqual(
      found('post torrent').map(({ operation: { operationId } }) => operationId),
      ['add', 'pause'],
    );
    assert.equal(found('').length, 4);
    assert.equal(found('no such').length, 0);
  });
});
