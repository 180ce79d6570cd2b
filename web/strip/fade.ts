// What has changed in a picture comes up over what was there, within a third of a second: one loop for all pictures, and at
// once where people want no motion. Owns no picture: who fades something draws it.

const LENGTH = 320;
/** Share of the way below which a frame is not worth its cost. */
const STEP = 0.12;

interface Fade {
  start: number;
  /** How much of the way is done, from 0 to 1. */
  done: number;
  over: (alpha: number) => void;
}

const still = matchMedia('(prefers-reduced-motion: reduce)');
const fades = new Map<object, Fade>();

/** `over`: draws what is new over what is there, as strongly as it is told; the last time with 1. */
export function fadeIn(picture: object, over: (alpha: number) => void): void {
  fades.get(picture)?.over(1);
  fades.delete(picture);
  if (still.matches) {
    over(1);
    return;
  }
  if (fades.size === 0) requestAnimationFrame(step);
  fades.set(picture, { start: performance.now(), done: 0, over });
}

/** It is drawn as a whole, or no more. */
export function dropFade(picture: object): void {
  fades.delete(picture);
}

function step(now: number): void {
  for (const [picture, fade] of fades) {
    const { start, done, over } = fade;
    const reached = Math.min(1, (now - start) / LENGTH);
    if (reached < 1 && reached - done < STEP) continue;
    over((reached - done) / (1 - done));
    fade.done = reached;
    if (reached === 1) fades.delete(picture);
  }
  if (fades.size > 0) requestAnimationFrame(step);
}
