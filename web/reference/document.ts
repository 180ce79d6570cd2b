// The parts of an OpenAPI 3.1 document that are shown, and its calls in the order and groups in which people look for them.

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
}

type Content = Record<string, { schema?: Schema }>;

export interface Operation {
  operationId: string;
  summary: string;
  /** Who may call it. */
  description: string;
  parameters: { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[];
  requestBody?: { required: boolean; content: Content };
  responses: { '2XX': { content: Content } };
}

export interface ApiDocument {
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Call {
  method: string;
  path: string;
  operation: Operation;
}

export interface Group {
  name: string;
  calls: Call[];
}

/** Groups by what the paths are about, each as long as the document has it. */
export function groupCalls({ paths }: ApiDocument): Group[] {
  const groups = new Map<string, Call[]>();
  for (const [path, methods] of Object.entries(paths)) {
    const name = path.match(/^\/api\/v\d+\/([^/.]+)/)?.[1] ?? 'besides';
    const calls = groups.get(name) ?? [];
    groups.set(name, calls);
    for (const [method, operation] of Object.entries(methods))
      calls.push({ method: method.toUpperCase(), path, operation });
  }
  return [...groups].map(([name, calls]) => ({ name, calls }));
}

/** Whether a call is among those that are looked for; every word has to be somewhere in it. */
export function matches({ method, path, operation }: Call, words: string): boolean {
  const text = `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
