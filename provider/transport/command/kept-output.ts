/** How many bytes of one stream are kept: of its beginning and of its end. */
export interface KeptBytes {
  readonly head: number;
  readonly tail: number;
}

/** What is kept of a stream of any length: its beginning, its end, and how much was between them. */
export class KeptOutput {
  /** Bytes that came. */
  total = 0;
  private readonly first: Buffer[] = [];
  private firstBytes = 0;
  private readonly last: Buffer[] = [];
  private lastBytes = 0;

  constructor(private readonly kept: KeptBytes) {}

  add(chunk: Buffer): void {
    this.total += chunk.length;
    const room = Math.min(this.kept.head - this.firstBytes, chunk.length);
    if (room > 0) {
      this.first.push(chunk.subarray(0, room));
      this.firstBytes += room;
    }
    if (room >= chunk.length || this.kept.tail === 0) return;
    // A copy: a part of a chunk would keep the whole of it in memory.
    const rest = Buffer.from(chunk.subarray(Math.max(room, chunk.length - this.kept.tail)));
    this.last.push(rest);
    this.lastBytes += rest.length;
    for (;;) {
      const oldest = this.last[0];
      if (oldest === undefined || this.lastBytes - oldest.length < this.kept.tail) return;
      this.last.shift();
      this.lastBytes -= oldest.length;
    }
  }

  /** Bytes that came and are not kept. */
  get leftOut(): number {
    return Math.max(0, this.total - this.kept.head - this.kept.tail);
  }

  /** Returns what is kept; where something is missing a line between the parts says how much. */
  text(): string {
    const head = Buffer.concat(this.first);
    const tail = Buffer.concat(this.last);
    if (this.leftOut === 0) return Buffer.concat([head, tail]).toString("utf8");
    const end = tail.subarray(Math.max(0, tail.length - this.kept.tail));
    return `${head.toString("utf8")}\n[${this.leftOut} bytes left out]\n${end.toString("utf8")}`;
  }
}
