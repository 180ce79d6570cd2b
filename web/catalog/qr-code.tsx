// A text as a QR code, made here. Dark on light in both themes: readers expect it.

import { encode } from 'uqr';
import './qr-code.css';

/** `text`: more than some 2,900 bytes do not fit, and then there is none. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const code = modulesOf(text);
  if (code === undefined) return null;
  const { size, path } = code;
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#111111" />
    </svg>
  );
}

function modulesOf(text: string): { size: number; path: string } | undefined {
  try {
    const { size, data } = encode(text, { ecc: 'L', border: 2 });
    const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
    return { size, path: path.join('') };
  } catch {
    return undefined;
  }
}
