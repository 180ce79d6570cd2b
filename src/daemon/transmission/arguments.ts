// The arguments of one call, read one by one: each is there with the right type and within bounds, or absent. Foreign input.

/** Goes back to the caller as the `result` of its call. */
export class RpcFailure extends Error {}

const MAX_ITEMS = 100_000;
const MAX_TEXT = 16 * 1024 * 1024;

export class Arguments {
  readonly #values: Record<string, unknown>;

  /** Throws RpcFailure when `values` is no object; absent is as good as empty. */
  constructor(values: unknown) {
    if (values !== undefined && values !== null && (typeof values !== 'object' || Array.isArray(values)))
      throw new RpcFailure('arguments is not an object');
    this.#values = (values ?? {}) as Record<string, unknown>;
  }

  get names(): string[] {
    return Object.keys(this.#values);
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  text(name: string): string | undefined {
    return this.#read(name, 'a text', (value) => typeof value === 'string' && value.length <= MAX_TEXT) as
      | string
      | undefined;
  }

  /** A finite number within the bounds. */
  number(name: string, least = 0, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const isNumber = (value: unknown) => typeof value === 'number' && value >= least && value <= most;
    return this.#read(name, `a number from ${least} on`, isNumber) as number | undefined;
  }

  /** Some clients send 0 and 1. */
  flag(name: string): boolean | undefined {
    const isFlag = (value: unknown) => typeof value === 'boolean' || value === 0 || value === 1;
    const value = this.#read(name, 'true or false', isFlag);
    return value === undefined ? undefined : Boolean(value);
  }

  texts(name: string): string[] | undefined {
    const isTexts = (value: unknown) =>
      Array.isArray(value) && value.length <= MAX_ITEMS && value.every((each) => typeof each === 'string');
    return this.#read(name, 'a list of texts', isTexts) as string[] | undefined;
  }

  /** Whole numbers from 0 on. */
  numbers(name: string): number[] | undefined {
    const isNumbers = (value: unknown) =>
      Array.isArray(value) && value.length <= MAX_ITEMS && value.every((each) => Number.isInteger(each) && each >= 0);
    return this.#read(name, 'a list of numbers', isNumbers) as number[] | undefined;
  }

  /** Null counts as absent, as many clients mean it. */
  #read(name: string, expected: string, isRight: (value: unknown) => boolean): unknown {
    const value = this.raw(name);
    if (value === undefined || value === null) return undefined;
    if (!isRight(value)) throw new RpcFailure(`${name} is not ${expected}`);
    return value;
  }
}
