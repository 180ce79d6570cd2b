// Starts the page that describes the API of whoever serves it, a daemon or a tracker, from its own OpenAPI document.

import '../style/tokens.css';
import '../style/base.css';
import { render } from 'preact';
import type { ApiDocument } from './document.ts';
import { NotShown, Reference } from './reference.tsx';

const DOCUMENT = '/api/v1/openapi.json';
const page = document.querySelector('#page')!;

try {
  const reply = await fetch(DOCUMENT, { headers: { accept: 'application/json' } });
  if (reply.ok) render(<Reference api={(await reply.json()) as ApiDocument} source={DOCUMENT} />, page);
  else render(<NotShown allowed={reply.status !== 401} reason={`it answers ${reply.status}`} />, page);
} catch (error) {
  render(<NotShown allowed={true} reason={(error as Error).message} />, page);
}
