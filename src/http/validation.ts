// Checks what comes in against the shapes of its route. Paths and queries are text and are read as what the shape says;
// bodies are JSON and have to be right as they are: to make a number of null would mean something else than was sent.

import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Convert, Default } from 'typebox/value';
import { HttpError } from './problem.ts';

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const shape = Compile(schema);
  return (given: unknown) => {
    // A body that is missing is none.
    const read = httpPart === 'body' ? (given ?? null) : Convert(schema, given);
    const value: unknown = Default(schema, read);
    if (shape.Check(value)) return { value };
    return {
      error: new HttpError(400, 'ERR_USAGE', describe(httpPart, shape.Errors(value)[0]), { reason: 'bad_shape' }),
    };
  };
};

function describe(
  part: string,
  defect: { instancePath: string; keyword: string; message: string } | undefined,
): string {
  const place = `${part === 'querystring' ? 'query' : part}${defect?.instancePath ?? ''}`.slice(0, 200);
  // What it says of a member that nobody knows is of no use to anybody.
  return defect?.keyword === 'boolean' ? `${place} is not known here` : `${place} ${defect?.message ?? 'is not right'}`;
}
