// Where pieces and blocks begin and end. The off-by-one arithmetic of last pieces and last blocks lives here and nowhere
// else. Lengths are bytes.

/** The request unit of BEP 3 as every client uses it. */
export const BLOCK_LENGTH = 16384;

export class Geometry {
  readonly totalLength: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Blocks of every piece but the last. */
  readonly blocksPerPiece: number;

  constructor(totalLength: number, pieceLength: number) {
    this.totalLength = totalLength;
    this.pieceLength = pieceLength;
    this.pieceCount = Math.ceil(totalLength / pieceLength);
    this.blocksPerPiece = Math.ceil(pieceLength / BLOCK_LENGTH);
  }

  isPiece(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.pieceCount;
  }

  pieceOffset(piece: number): number {
    return piece * this.pieceLength;
  }

  pieceSize(piece: number): number {
    return piece === this.pieceCount - 1 ? this.totalLength - piece * this.pieceLength : this.pieceLength;
  }

  blockCount(piece: number): number {
    return piece === this.pieceCount - 1 ? Math.ceil(this.pieceSize(piece) / BLOCK_LENGTH) : this.blocksPerPiece;
  }

  blockSize(piece: number, block: number): number {
    return Math.min(BLOCK_LENGTH, this.pieceSize(piece) - block * BLOCK_LENGTH);
  }

  /** True when begin and length lie inside the piece. */
  contains(piece: number, begin: number, length: number): boolean {
    return this.isPiece(piece) && begin >= 0 && length > 0 && begin + length <= this.pieceSize(piece);
  }
}
