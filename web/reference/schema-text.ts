// A JSON schema as a type that people read, one member a line, with what it has to keep to behind it.

import type { Schema } from './document.ts';

export function schemaText(schema: Schema, indent = ''): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => schemaText(each, indent)).join(' | ');
  if (schema.type === 'array') return `${inBrackets(schemaText(schema.items ?? {}, indent))}[]`;
  if (schema.type === 'object') return objectText(schema, indent);
  return schema.type ?? 'anything';
}

/** `a | b` as the type of a list's items needs brackets. */
function inBrackets(text: string): string {
  return / \| /.test(text) && !text.startsWith('{') ? `(${text})` : text;
}

function objectText({ properties = {}, patternProperties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(
    ([name, member]) =>
      `${inner}${name}${required.includes(name) ? '' : '?'}: ${schemaText(member, inner)}${remark(member)}`,
  );
  for (const member of Object.values(patternProperties)) members.push(`${inner}[name]: ${schemaText(member, inner)}`);
  return members.length === 0 ? 'object' : `{\n${members.join('\n')}\n${indent}}`;
}

function remark(schema: Schema): string {
  const words = [schema.description, boundsOf(schema)].filter((each) => each !== undefined && each !== '');
  return words.length === 0 ? '' : `  // ${words.join('; ')}`;
}

/** What a value has to keep to, in words; '' when anything of its type will do. */
export function boundsOf({ minimum, maximum: most, minLength, maxLength, maxItems, format }: Schema): string {
  const words: string[] = [];
  // What any whole number of a program keeps to says nothing.
  const maximum = most === Number.MAX_SAFE_INTEGER ? undefined : most;
  if (minimum !== undefined && maximum !== undefined) words.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) words.push(`at least ${minimum}`);
  else if (maximum !== undefined) words.push(`at most ${maximum}`);
  if (minLength !== undefined && minLength === maxLength) words.push(`${maxLength} characters`);
  else if (maxLength !== undefined) words.push(`at most ${maxLength} characters`);
  if (maxItems !== undefined) words.push(`at most ${maxItems}`);
  if (format !== undefined) words.push(format);
  return words.join(', ');
}
