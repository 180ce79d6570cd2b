// For who has nothing yet: how the first file comes in or goes out.

import { AddDialog } from '../add/add-dialog.tsx';
import { openDialog } from '../app/dialog.tsx';
import { go } from '../app/route.ts';
import './first-run.css';

export function FirstRun() {
  return (
    <div class="first-run">
      <h2>Nothing is here yet.</h2>
      <p>
        Paste a magnet link or the address of a .torrent into the field above, or{' '}
        <button type="button" class="button" onClick={() => openDialog(<AddDialog />)}>
          add a file
        </button>
      </p>
      <p>
        Drop a file or a folder anywhere to share it, or{' '}
        <button type="button" class="button" onClick={() => go(['share'])}>
          choose one
        </button>
      </p>
      <p>On the command line, the daemon takes over what is shared and fetched:</p>
      <pre class="mono">{'shoal share film.mkv\nshoal add NAME\nshoal status'}</pre>
    </div>
  );
}
