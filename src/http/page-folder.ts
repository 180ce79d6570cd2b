// Where the build puts the pages that daemon and tracker serve.

import { fileURLToPath } from 'node:url';

/** In a checkout the build puts them into dist/; in an installed package this file is in dist/ itself. */
export const PAGE_FOLDER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/web' : '../web', import.meta.url),
);
