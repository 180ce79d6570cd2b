// Starts the page: takes the token out of the address, logs in with it, follows the daemon, draws.

import './style/tokens.css';
import './style/base.css';
import { render } from 'preact';
import { App } from './app/app.tsx';
import { login, takeToken } from './app/login.ts';
import { notify } from './app/notices.tsx';
import { openFeed } from './data/feed.ts';

const token = takeToken();
render(<App />, document.querySelector('#page')!);
if (token !== undefined) await login(token).catch((error: Error) => notify(error.message, true));
openFeed();
