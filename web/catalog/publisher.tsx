// Who published something: the beginning of the key, and three stripes of colour that follow from all of it, so that two
// publishers are told apart at a glance. The colours decide nothing; the key does.

import './publisher.css';

const STRIPES = 3;

export function Publisher({ publisher, own, ownWord }: { publisher: string; own: boolean; ownWord: string }) {
  return (
    <span class="publisher" title={`Publisher ${publisher}`}>
      <Stripes publisher={publisher} />
      <span class="mono">{publisher.slice(0, 8)}</span>
      {own && <span class="small quiet">{ownWord}</span>}
    </span>
  );
}

export function Stripes({ publisher }: { publisher: string }) {
  return (
    <svg class="publisher-stripes" viewBox="0 0 9 12" width="9" height="12" aria-hidden="true">
      {Array.from({ length: STRIPES }, (_, index) => (
        <rect key={index} x={index * 3} width="3" height="12" fill={`hsl(${hueOf(publisher, index)} 55% 50%)`} />
      ))}
    </svg>
  );
}

/** Of one stripe, in degrees; each follows from a third of the key. */
function hueOf(publisher: string, stripe: number): number {
  const third = Math.floor(publisher.length / STRIPES);
  let sum = 0;
  for (const letter of publisher.slice(stripe * third, (stripe + 1) * third))
    sum = (sum * 31 + letter.charCodeAt(0)) % 36_000;
  return sum / 100;
}
