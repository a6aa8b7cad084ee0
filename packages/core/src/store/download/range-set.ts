/** From `start`, up to but not including `end`, in bytes. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Which bytes of a file are there: ranges that neither touch nor overlap, in order. */
export class RangeSet {
  #ranges: ByteRange[] = [];

  constructor(ranges: Iterable<ByteRange> = []) {
    for (const { start, end } of ranges) this.add(start, end);
  }

  get ranges(): readonly Readonly<ByteRange>[] {
    return this.#ranges;
  }

  /** How many bytes are there. */
  get bytes(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  add(start: number, end: number): void {
    if (end <= start) return;
    const before = this.#ranges.filter((range) => range.end < start);
    const after = this.#ranges.filter((range) => range.start > end);
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const merged = {
      start: Math.min(start, touched[0]?.start ?? start),
      end: Math.max(end, touched.at(-1)?.end ?? end),
    };
    this.#ranges = [...before, merged, ...after];
  }

  clear(): void {
    this.#ranges = [];
  }

  /** What is missing of the first `total` bytes, in pieces of at most `most` bytes. */
  missing(total: number, most = Infinity): ByteRange[] {
    const gaps: ByteRange[] = [];
    let position = 0;
    for (const { start, end } of [...this.#ranges, { start: total, end: total }]) {
      for (; position < Math.min(start, total);) {
        const pieceEnd = Math.min(position + most, start, total);
        gaps.push({ start: position, end: pieceEnd });
        position = pieceEnd;
      }
      position = Math.max(position, end);
    }
    return gaps;
  }
}
