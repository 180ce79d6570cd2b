// A link to hand on: to read, to copy, and as a QR code.

import { useRef } from 'preact/hooks';
import { notify } from '../app/notices.tsx';
import './link-box.css';
import { QrCode } from './qr-code.tsx';

export function LinkBox({ magnet, name }: { magnet: string; name: string }) {
  const field = useRef<HTMLInputElement>(null);
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(magnet);
      notify('Copied the link.');
    } catch {
      // Browsers let a page without TLS on another machine copy nothing by itself.
      notify('The link is selected: copy it with the keyboard.');
    }
  };
  return (
    <div class="link-box">
      <QrCode text={magnet} label={`QR code of the link to ${name}`} />
      <div class="link-box-line">
        <input
          ref={field}
          class="field mono"
          readonly
          value={magnet}
          aria-label={`Link to ${name}`}
          spellcheck={false}
        />
        <button type="button" class="button" onClick={() => void copy()}>
          Copy
        </button>
      </div>
    </div>
  );
}
