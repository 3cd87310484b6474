import type { MessageIndex, Part } from '#lib/mime';
import { findParameter } from '#lib/message';
import { ContentScan } from './content-scan.ts';
import type { ConversionOptions, ConversionPlan, Segment, Transcoding } from './plan.ts';
import { segmentsOf } from './segments.ts';

/** Scans the bodies of a message whose structure is known, and decides which are re-encoded. Takes the message, then `finish` is called once. */
export class ConversionPlanner {
  readonly #segments: readonly Segment[];
  readonly #keepEightBit: boolean;
  readonly #root: Part;
  readonly #transcodings = new Map<Part, Transcoding>();
  readonly #charsets = new Map<Part, string>();
  readonly #dirtyGaps = new Set<number>();
  /** Ends of runs that keep an octet over 127. */
  readonly #eightBitAt: number[] = [];
  #current = 0;
  #offset = 0;
  #scan = new ContentScan();
  #utf8 = new Utf8Check();

  constructor({ root, sizeBytes }: Pick<MessageIndex, 'root' | 'sizeBytes'>, options: ConversionOptions = {}) {
    this.#root = root;
    this.#keepEightBit = options.keepEightBit === true;
    this.#segments = segmentsOf(root, sizeBytes);
    this.#skipEmpty();
  }

  /** Takes the next octets, which are not kept. */
  push(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      const segment = this.#segments[this.#current];
      if (segment === undefined) return;
      const to = Math.min(chunk.length, from + segment.end - this.#offset);
      const run = chunk.subarray(from, to);
      this.#offset += to - from;
      from = to;
      if (segment.kind !== 'header') this.#scan.push(run);
      if (segment.kind === 'body' && saysNoCharset(segment.part)) this.#utf8.push(run);
      if (this.#offset === segment.end) this.#close(segment);
    }
  }

  /** Ends the message. */
  finish(): ConversionPlan {
    const sevenBit = new Set<Part>();
    collectSevenBit(this.#root, this.#eightBitAt, sevenBit);
    return {
      segments: this.#segments,
      transcodings: this.#transcodings,
      charsets: this.#charsets,
      sevenBit,
      dirtyGaps: this.#dirtyGaps,
      keepEightBit: this.#keepEightBit,
    };
  }

  /** Skips headers without octets. */
  #skipEmpty(): void {
    for (;;) {
      const next = this.#segments[this.#current];
      if (next === undefined || next.end > next.start) return;
      this.#current++;
    }
  }

  #close(segment: Segment): void {
    const scan = this.#scan;
    const isUtf8 = this.#utf8.isValid;
    this.#scan = new ContentScan();
    this.#utf8 = new Utf8Check();
    this.#current++;
    this.#skipEmpty();
    const isDirty = scan.hasUnsendable || (scan.has8bit && !this.#keepEightBit);
    if (segment.kind === 'gap' && isDirty) this.#dirtyGaps.add(segment.start);
    if (segment.kind === 'kept' && scan.has8bit) this.#eightBitAt.push(segment.end);
    if (segment.kind !== 'body') return;
    const transcoding = isDirty ? transcodingOf(segment.part, scan.hasNul) : null;
    if (transcoding !== null) this.#transcodings.set(segment.part, transcoding);
    else if (scan.has8bit) this.#eightBitAt.push(segment.end);
    if (transcoding?.from === null && scan.has8bit && saysNoCharset(segment.part)) {
      // RFC 1428 §3: text in an unknown charset is labeled unknown-8bit.
      this.#charsets.set(segment.part, isUtf8 ? 'utf-8' : 'unknown-8bit');
    }
  }
}

/** Checks whether chunks together are UTF-8. */
class Utf8Check {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #isBroken = false;

  push(chunk: Uint8Array): void {
    if (this.#isBroken) return;
    try {
      this.#decoder.decode(chunk, { stream: true });
    } catch {
      this.#isBroken = true;
    }
  }

  get isValid(): boolean {
    try {
      if (!this.#isBroken) this.#decoder.decode();
    } catch {
      this.#isBroken = true;
    }
    return !this.#isBroken;
  }
}

function saysNoCharset({ type, subtype, params }: Part): boolean {
  return type === 'text' && subtype === 'plain' && findParameter(params, 'charset') === null;
}

/** Returns the new encoding of a body; null when its present one is unknown. */
function transcodingOf(part: Part, hasNul: boolean): Transcoding | null {
  const { encoding } = part;
  if (encoding === 'base64' || encoding === 'quoted-printable') return { from: encoding, to: encoding };
  if (encoding !== '7bit' && encoding !== '8bit' && encoding !== 'binary') return null;
  const charset = findParameter(part.params, 'charset')?.toLowerCase() ?? '';
  const isWide = /^(?:utf-?(?:16|32)|ucs-?[24]|iso-10646-ucs)/.test(charset);
  const isText = (part.type === 'text' && !isWide && !hasNul) || part.type === 'message';
  return { from: null, to: isText ? 'quoted-printable' : 'base64' };
}

/** Adds the multiparts and messages in which no run keeps an octet over 127. */
function collectSevenBit(part: Part, eightBitAt: readonly number[], into: Set<Part>): void {
  const children = part.message === null ? part.parts : [part.message.root];
  if (part.type !== 'multipart' && part.type !== 'message') return;
  if (!eightBitAt.some((end) => end > part.bodyStart && end <= part.end)) into.add(part);
  for (const child of children) collectSevenBit(child, eightBitAt, into);
}
