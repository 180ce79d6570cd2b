// For who has nothing yet: how the first file comes in or goes out.

import { AddDialog } from '../add/add-dialog.tsx';
import { openDialog } from '../app/dialog.tsx';
import { go } from '../app/route.ts';
import './first-run.css';

export function FirstRun() {
  return (
    <div class="first-run">
      <h2>Nothing is here yet.</h2>
      <p>Drop a file or a folder anywhere to share it. To fetch, paste a magnet link into the field above.</p>
      <p class="first-run-buttons">
        <button type="button" class="button main" onClick={() => go(['share'])}>
          Share…
        </button>
        <button type="button" class="button" onClick={() => openDialog(<AddDialog />)}>
          Add…
        </button>
      </p>
      <p>In a shell, three lines share a file, find what others share, and fetch it:</p>
      <pre class="mono">{'shoal share film.mkv\nshoal list\nshoal add NAME'}</pre>
    </div>
  );
}
