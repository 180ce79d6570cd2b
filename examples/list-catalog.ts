// Lists a tracker's catalog through the typed client, which needs nothing but fetch and so works in a browser too.
//
//   node list-catalog.ts TRACKER [QUERY]

import { createClient } from 'shoal/client';

const [url, query] = process.argv.slice(2);
if (url === undefined) throw new Error('usage: list-catalog.ts TRACKER [QUERY]');

const tracker = createClient(url);
let cursor: string | undefined;
do {
  const page = await tracker.list({
    query: { limit: 100, ...(query === undefined ? {} : { q: query }), ...(cursor === undefined ? {} : { cursor }) },
  });
  for (const file of page.files) console.log(`${file.name}\t${file.size}\t${file.seeds} seeds\t${file.infoHash}`);
  cursor = page.next;
} while (cursor !== undefined);
