// The way to the views, and how the whole daemon stands: a column beside the view, a bar below it on a narrow screen.

import { formatRate, formatSize } from '../../src/base/quantity.ts';
import { useFeed } from '../data/feed.ts';
import { Icon } from './icons.tsx';
import './navigation.css';
import { hrefOf, useRoute } from './route.ts';
import { VIEWS } from './views.ts';

export function Navigation() {
  const here = useRoute(({ path }) => path[0]);
  return (
    <nav class="navigation" aria-label="Views">
      <a class="navigation-home" href={hrefOf(['transfers'])}>
        Shoal
      </a>
      <ul>
        {VIEWS.filter(({ apart }) => apart !== true).map(({ name, title, icon }) => (
          <li key={name}>
            <a href={hrefOf([name])} aria-current={name === here ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{title}</span>
            </a>
          </li>
        ))}
      </ul>
      <Figures />
    </nav>
  );
}

function Figures() {
  const session = useFeed(({ session }) => session);
  if (session === undefined) return null;
  const { down, up, free, torrents, downloads } = session;
  return (
    <dl class="navigation-figures">
      <div>
        <dt>Down</dt>
        <dd>{formatRate(down)}</dd>
      </div>
      <div>
        <dt>Up</dt>
        <dd>{formatRate(up)}</dd>
      </div>
      <div>
        <dt>Active</dt>
        <dd>
          {torrents.active} of {torrents.all}
        </dd>
      </div>
      <div title={`Free where downloads go: ${downloads}`}>
        <dt>Free</dt>
        <dd>{formatSize(free)}</dd>
      </div>
    </dl>
  );
}
