// Where pieces, extents and blocks begin and end. The off-by-one arithmetic of last pieces, extents and blocks lives here
// and nowhere else. Lengths are bytes.

/** The request unit of BEP 3 as every client uses it. */
export const BLOCK_LENGTH = 16384;
/** A piece is kept in memory by extents of at most so much, whatever its length. */
export const MAX_EXTENT_LENGTH = 1024 * 1024;
/** Blocks of every extent but the last one of a piece. */
export const BLOCKS_PER_EXTENT = MAX_EXTENT_LENGTH / BLOCK_LENGTH;

export class Geometry {
  readonly totalLength: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Blocks of every piece but the last. */
  readonly blocksPerPiece: number;
  /** Length of every extent but the last one of a piece; pieces of up to 1 MiB have one extent, as long as they are. */
  readonly extentLength: number;

  constructor(totalLength: number, pieceLength: number) {
    this.totalLength = totalLength;
    this.pieceLength = pieceLength;
    this.pieceCount = Math.ceil(totalLength / pieceLength);
    this.blocksPerPiece = Math.ceil(pieceLength / BLOCK_LENGTH);
    this.extentLength = Math.min(pieceLength, MAX_EXTENT_LENGTH);
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

  extentCount(piece: number): number {
    return Math.ceil(this.blockCount(piece) / BLOCKS_PER_EXTENT);
  }

  extentSize(piece: number, extent: number): number {
    return Math.min(this.extentLength, this.pieceSize(piece) - extent * this.extentLength);
  }

  /** True when begin and length lie inside the piece. */
  contains(piece: number, begin: number, length: number): boolean {
    return this.isPiece(piece) && begin >= 0 && length > 0 && begin + length <= this.pieceSize(piece);
  }
}
