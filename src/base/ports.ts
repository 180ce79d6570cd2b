// What a pure machine may ask of the world, as arguments.

/** Milliseconds on a clock that never jumps back. */
export type Milliseconds = number;

/** A number in [0, 1). Seeded in tests and simulations. */
export type Random = () => number;

/** The SHA-1 of the bytes, 20 bytes. */
export type Sha1 = (bytes: Uint8Array) => Uint8Array;
