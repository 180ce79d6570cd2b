// The frame of the page: navigation, the bar above, the view, and what lies over them.

import { useEffect } from 'preact/hooks';
import { useFeed } from '../data/feed.ts';
import { PlayerHost } from '../player/player-host.tsx';
import { DropZone } from '../share/drop-zone.tsx';
import './app.css';
import { AwayNote } from './away-note.tsx';
import { DialogHost } from './dialog.tsx';
import { Lazy } from './lazy.tsx';
import { MenuHost } from './menu.tsx';
import { Navigation } from './navigation.tsx';
import { NotAllowed } from './not-allowed.tsx';
import { Notices } from './notices.tsx';
import { useRoute } from './route.ts';
import { listenForKeys } from './shortcuts.ts';
import { TopBar } from './top-bar.tsx';
import { VIEWS } from './views.ts';

export function App() {
  const link = useFeed(({ link }) => link.state);
  const name = useRoute(({ path }) => path[0]);
  const view = VIEWS.find((each) => each.name === name) ?? VIEWS[0]!;
  useEffect(listenForKeys, []);
  useEffect(() => {
    document.title = `${view.title} – Shoal`;
  }, [view]);
  if (link === 'refused')
    return (
      <>
        <NotAllowed />
        <Notices />
      </>
    );
  return (
    <div class={link === 'away' ? 'app away' : 'app'}>
      <Navigation />
      <div class="stage">
        <TopBar />
        <AwayNote />
        <main class="view" aria-label={view.title}>
          <Lazy key={view.name} source={view.source} />
        </main>
        <PlayerHost />
      </div>
      <DropZone />
      <MenuHost />
      <DialogHost />
      <Notices />
    </div>
  );
}
