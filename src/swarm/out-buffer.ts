// Small messages on their way to one peer, gathered between two writes so that a refill of requests or a round of HAVEs is
// one system call. Payload never passes through here.

export class OutBuffer {
  bytes = new Uint8Array(512);
  length = 0;

  /** Room for `count` bytes; returns the offset to write them at. */
  reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    return at;
  }

  append(message: Uint8Array): void {
    const at = this.reserve(message.length);
    this.bytes.set(message, at);
  }

  /** The gathered bytes as a copy that may be kept, and an empty buffer again. */
  drain(): Uint8Array {
    const copy = this.bytes.slice(0, this.length);
    this.length = 0;
    if (this.bytes.length > 65536) this.bytes = new Uint8Array(512);
    return copy;
  }
}
