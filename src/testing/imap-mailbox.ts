import { octetsOf } from '#lib/charset';
import { FlagSetTable, SystemFlag, sortedKeywords } from '#lib/flags';
import { modSeq, uid, uidValidity, type Uid } from '#lib/ids';
import { writeBodyStructure, writeEnvelope } from '#lib/imap';
import { parseDate } from '#lib/message';
import { type MessageIndex, MimeIndexer } from '#lib/mime';
import {
  Unreadable,
  type MailboxImage,
  type MailboxStatus,
  type ReadableMessage,
  type MessageRow,
} from '#proto/imap-server';

/** A message in memory. */
export interface MemoryMessage {
  readonly uid: Uid;
  readonly bytes: Uint8Array;
  readonly index: MessageIndex;
  readonly internalDateMs: number;
  readonly saveDateMs: number;
  bits: number;
  keywords: readonly string[];
  modSeq: number;
}

/** Flags and date of a message to be added. */
export interface MemoryMessageFacts {
  readonly bits: number;
  readonly keywords: readonly string[];
  readonly internalDateMs: number;
  readonly saveDateMs: number;
}

/** A mailbox in memory, shared by the sessions of a `MemoryImapBackend`. */
export class MemoryMailbox {
  readonly uidValidity = uidValidity(1);
  readonly messages: MemoryMessage[] = [];
  readonly expunged: { readonly uid: number; readonly modSeq: number }[] = [];
  readonly #table = new FlagSetTable();
  #image: MailboxImage | null = null;
  uidNext = 1;
  highestModSeq = 1;

  /** View of a session; made anew after a change. */
  get image(): MailboxImage {
    this.#image ??= {
      uidValidity: this.uidValidity,
      uidNext: this.uidNext,
      highestModSeq: modSeq(this.highestModSeq),
      alteredModSeq: this.highestModSeq,
      uids: Uint32Array.from(this.messages, (message) => message.uid),
      flagSets: Uint32Array.from(this.messages, ({ bits, keywords }) => this.#table.intern(bits, keywords).index),
      modSeqs: Float64Array.from(this.messages, (message) => message.modSeq),
      flagTable: this.#table,
      keywords: sortedKeywords(this.messages.flatMap(({ keywords }) => keywords)),
    };
    return this.#image;
  }

  /** Counters for STATUS. */
  get status(): MailboxStatus {
    const size = (some: readonly MemoryMessage[]): number => some.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const deleted = this.messages.filter(({ bits }) => bits & SystemFlag.Deleted);
    return {
      messages: this.messages.length,
      uidNext: this.uidNext,
      uidValidity: this.uidValidity,
      unseen: this.messages.filter(({ bits }) => !(bits & SystemFlag.Seen)).length,
      deleted: deleted.length,
      sizeBytes: size(this.messages),
      deletedSizeBytes: size(deleted),
      highestModSeq: modSeq(this.highestModSeq),
    };
  }

  /** Adds a message under the next UID. */
  add(bytes: Uint8Array, facts: MemoryMessageFacts, change: number): Uid {
    const indexer = new MimeIndexer();
    indexer.push(bytes);
    const { bits, keywords, internalDateMs, saveDateMs } = facts;
    const index = indexer.finish();
    const added: MemoryMessage = {
      uid: uid(this.uidNext++),
      bytes,
      index,
      bits,
      keywords,
      internalDateMs,
      saveDateMs,
      modSeq: change,
    };
    this.messages.push(added);
    this.changed(change);
    return added.uid;
  }

  /** The message with this UID, undefined when gone. */
  find(wanted: number): MemoryMessage | undefined {
    return this.messages.find((message) => message.uid === wanted);
  }

  /** Removes messages by UID. */
  remove(uids: ReadonlySet<number>, change: number): void {
    for (const gone of uids) this.expunged.push({ uid: gone, modSeq: change });
    const kept = this.messages.filter((message) => !uids.has(message.uid));
    this.messages.splice(0, this.messages.length, ...kept);
    this.changed(change);
  }

  /** The image is out of date. */
  changed(change: number): void {
    this.highestModSeq = change;
    this.#image = null;
  }
}

/** A message's columns, all of them. */
export function memoryRow({ bytes, index, internalDateMs, saveDateMs }: MemoryMessage): MessageRow {
  const date = index.envelope.date === null ? null : parseDate(index.envelope.date);
  return {
    sizeBytes: bytes.length,
    internalDateMs,
    saveDateMs,
    sentDayMs: date === null ? null : Math.floor((date.ms + date.offsetMinutes * 60_000) / 86_400_000) * 86_400_000,
    envelope: octetsOf(writeEnvelope(index.envelope)),
    body: octetsOf(writeBodyStructure(index.root, { extended: false })),
    bodyStructure: octetsOf(writeBodyStructure(index.root, { extended: true })),
    structure: index.root,
  };
}

/** A message's bytes. */
export function memoryContent({ bytes, index }: MemoryMessage, reads: number[] = []): ReadableMessage {
  const read = (start: number, end: number): Uint8Array => {
    reads.push(end - start);
    return bytes.subarray(start, end);
  };
  return {
    sizeBytes: bytes.length,
    headerSizeBytes: index.root.bodyStart,
    hasNul: index.hasNul,
    bytes: read,
    // In two pieces where it can be.
    piece: (start, end) => read(start, start === 0 && end > 1 ? end >> 1 : end),
    damage: null,
  };
}

/** A message whose bytes cannot be read. */
export function damagedMessage(message: MemoryMessage): ReadableMessage {
  const fail = (): never => {
    throw new Unreadable('damaged, as the test wants it');
  };
  return { ...memoryContent(message), bytes: fail, piece: fail };
}
