// The daemon's API for the page: the cookie says who calls. Actions and questions go through here; what changes by itself
// comes from the feed.

import { createDaemonClient } from '../../src/api/daemon-client.ts';

/** Where page and API are, without a slash at the end. */
export const BASE = location.origin;

export const api = createDaemonClient(BASE);
