// What has changed in a picture comes up over what was there, within a third of a second: one loop for all pictures, in a few
// steps, because each costs every strip on the screen; at once where people want no motion. Owns no picture: who fades
// something draws it.

const STEPS = 3;
/** Milliseconds. */
const STEP = 100;

interface Fade {
  /** Steps that are still to come. */
  left: number;
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
  if (fades.size === 0) setTimeout(step);
  fades.set(picture, { left: STEPS, over });
}

/** It is drawn as a whole, or no more. */
export function dropFade(picture: object): void {
  fades.delete(picture);
}

function step(): void {
  for (const [picture, fade] of fades) {
    // So much over what is there each time is the same step each time.
    fade.over(1 / fade.left);
    if (--fade.left === 0) fades.delete(picture);
  }
  if (fades.size > 0) setTimeout(step, STEP);
}
