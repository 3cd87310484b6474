import { lowerBound } from '#lib/sorted-numbers';
import type { EventLoop } from '#ports/event-loop';
import type { MailboxImage } from './selected-mailbox.ts';

/** Untagged responses that bring a client's view up to date with the mailbox image. */
interface ViewUpdate {
  /** Sequence numbers to send as EXPUNGE, in this order; each already counts those before it as gone. */
  readonly expunged: readonly number[];
  /** New number of messages to send as EXISTS, null when none arrived. */
  readonly exists: number | null;
  /** Positions in the view (0 is message 1), after the expunges, whose flags changed. */
  readonly flagsChanged: readonly number[];
}

const nothingNew: ViewUpdate = { expunged: [], exists: null, flagsChanged: [] };

/** Mask of the low bits of positions; when all are set, the loop is asked for a pause. */
const pieceMask = 0xfff;

/** Returns the position of `uid` in `uids`; -1 when absent. */
export function positionOf(uids: Uint32Array, uid: number): number {
  const at = lowerBound(uids, uid);
  return uids[at] === uid ? at : -1;
}

/**
 * One client's view of the selected mailbox: its sequence numbers (RFC 9051 §2.3.1.2), and the MODSEQ up to which flags were reported to it.
 * While it agrees with the image it shares the image's array, so that a thousand idle views cost a thousand small objects.
 */
export class View {
  #uids: Uint32Array;
  #modSeq: number;
  #lastUid: number;
  /** MODSEQs of this session's own changes, which the client knows. */
  readonly #own = new Set<number>();
  readonly #loop: EventLoop;

  constructor(image: MailboxImage, loop: EventLoop) {
    this.#loop = loop;
    this.#uids = image.uids;
    this.#modSeq = image.highestModSeq;
    this.#lastUid = image.uidNext - 1;
  }

  /** UIDs by position: message number `n` is `uids[n - 1]`. */
  get uids(): Uint32Array {
    return this.#uids;
  }

  /** Records that the changes with these MODSEQs were reported to the client, or must not be. */
  noteOwn(modSeqs: readonly number[]): void {
    for (const modSeq of modSeqs) if (modSeq > this.#modSeq) this.#own.add(modSeq);
  }

  /**
   * Advances to `image`. Without `mayExpunge` expunged messages keep their numbers (RFC 9051 §7.5.1), and are reported the
   * next time. Must not be called again before it has resolved.
   */
  async update(image: MailboxImage, mayExpunge: boolean): Promise<ViewUpdate> {
    if (image.highestModSeq === this.#modSeq && image.uids === this.#uids) return nothingNew;
    const expunged = this.#isPrefixOf(image.uids) ? [] : mayExpunge ? await this.#dropGone(image.uids) : [];
    const known = this.#uids.length;
    // Most changes are new mail: then no flags are compared, even when many sessions watch a large mailbox.
    const flagsChanged = image.alteredModSeq <= this.#modSeq ? [] : await this.#flagsChanged(image);
    const exists = this.#takeNew(image) ? this.#uids.length : null;
    this.#modSeq = image.highestModSeq;
    for (const modSeq of this.#own) if (modSeq <= image.highestModSeq) this.#own.delete(modSeq);
    return { expunged, exists, flagsChanged: flagsChanged.filter((at) => at < known) };
  }

  // RFC 9051 §2.3.1.1: UIDs ascend strictly and are never reused, so an equal UID at our last position means that nothing before it is gone.
  #isPrefixOf(uids: Uint32Array): boolean {
    const last = this.#uids.length - 1;
    return last < 0 || uids[last] === this.#uids[last];
  }

  async #dropGone(current: Uint32Array): Promise<number[]> {
    const expunged: number[] = [];
    const kept = new Uint32Array(this.#uids.length);
    let keptCount = 0;
    let at = 0;
    const uids = this.#uids;
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] ?? 0;
      const pause = (i & pieceMask) === pieceMask ? this.#loop.pause() : null;
      if (pause !== null) await pause;
      while (at < current.length && (current[at] ?? 0) < uid) at++;
      if (current[at] === uid) kept[keptCount++] = uid;
      else expunged.push(keptCount + 1);
    }
    this.#uids = kept.subarray(0, keptCount);
    return expunged;
  }

  async #flagsChanged(image: MailboxImage): Promise<number[]> {
    const changed: number[] = [];
    const { uids, modSeqs } = image;
    let at = 0;
    for (let i = 0; i < uids.length; i++) {
      const pause = (i & pieceMask) === pieceMask ? this.#loop.pause() : null;
      if (pause !== null) await pause;
      const modSeq = modSeqs[i] ?? 0;
      if (modSeq <= this.#modSeq || this.#own.has(modSeq)) continue;
      const uid = uids[i] ?? 0;
      if (uid > this.#lastUid) break;
      while (at < this.#uids.length && (this.#uids[at] ?? 0) < uid) at++;
      if (this.#uids[at] === uid) changed.push(at);
    }
    return changed;
  }

  #takeNew(image: MailboxImage): boolean {
    const from = lowerBound(image.uids, this.#lastUid + 1);
    const added = image.uids.length - from;
    this.#lastUid = Math.max(this.#lastUid, image.uidNext - 1);
    if (from === this.#uids.length && this.#isPrefixOf(image.uids)) {
      this.#uids = image.uids;
    } else if (added > 0) {
      const joined = new Uint32Array(this.#uids.length + added);
      joined.set(this.#uids);
      joined.set(image.uids.subarray(from), this.#uids.length);
      this.#uids = joined;
    }
    return added > 0;
  }
}
