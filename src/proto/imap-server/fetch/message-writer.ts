import { type FetchItem, type Partial, writeInternalDate } from '#lib/imap';
import { findPart } from '#lib/mime';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import type { MailboxImage, ReadableMessage, MessageRow, ReadFields } from '../selected-mailbox.ts';
import { DecodedPart } from './decoded-part.ts';
import type { FieldsOfBatch } from './fields-reader.ts';
import { HeaderFilter } from './header-filter.ts';
import { type ByteRange, sectionRange } from './section-range.ts';
import { withoutNul } from './without-nul.ts';

/** One message, as far as it has been read. */
export interface FetchedMessage {
  readonly uid: number;
  readonly number: number;
  /** Position in `image`. */
  readonly at: number;
  readonly image: MailboxImage;
  readonly row: MessageRow | null;
  readonly content: ReadableMessage | null;
  /** Header fields of its batch, for items for which they were read without the header. */
  readonly fields: FieldsOfBatch | null;
  /** Position in the batch. */
  readonly index: number;
}

const encoder = new TextEncoder();

/** Writes FETCH responses (RFC 9051 §7.5.2) for one command. */
export class MessageWriter {
  readonly #context: Context;
  readonly #output: Output;
  readonly #flagTexts: (Uint8Array | undefined)[] = [];
  readonly #filters = new Map<FetchItem, HeaderFilter>();

  constructor(context: Context) {
    this.#context = context;
    this.#output = context.output;
  }

  /** Writes `* n FETCH (`. */
  start(number: number): void {
    this.#output.bytes(fetchStart);
    this.#output.number(number);
    this.#output.bytes(fetchOpen);
  }

  /** Writes an item that needs only the image. Returns false, and writes nothing, for other items. */
  simple(item: FetchItem, uid: number, image: MailboxImage, at: number): boolean {
    const output = this.#output;
    switch (item.kind) {
      case 'uid':
        output.bytes(uidText);
        output.number(uid);
        return true;
      case 'flags':
        output.bytes(this.#flags(image, image.flagSets[at] ?? 0));
        return true;
      case 'modSeq':
        output.text('MODSEQ (');
        output.number(image.modSeqs[at] ?? 0);
        output.byte(41);
        return true;
      default:
        return false;
    }
  }

  /** Writes any item. Returns null when there is nothing to wait for: 100,000 promises take longer than the flags of as many messages. */
  item(item: FetchItem, message: FetchedMessage): Promise<void> | null {
    if (this.simple(item, message.uid, message.image, message.at)) return null;
    const { row, content, fields, index } = message;
    if (row !== null && this.#column(item, row)) return null;
    const read = fields?.of(item) ?? null;
    if (read !== null && item.kind === 'bodySection') {
      const size = read.sizeAt(index);
      if (size >= 0) return this.#fields(item, read, index, size);
    }
    return content === null ? null : this.#text(item, row, content);
  }

  #fields({ name, partial }: SectionItem, fields: ReadFields, index: number, size: number): Promise<void> | null {
    if (partial !== null) {
      const whole = new Uint8Array(size);
      fields.copyAt(index, whole, 0);
      return this.#literal(name, slice(whole, partial), '{');
    }
    this.#literalStart(name, size, '{');
    this.#output.fields(fields, index, size);
    return null;
  }

  #flags(image: MailboxImage, index: number): Uint8Array {
    let text = this.#flagTexts[index];
    if (text === undefined) {
      text = encoder.encode(`FLAGS (${image.flagTable.at(index).text})`);
      this.#flagTexts[index] = text;
    }
    return text;
  }

  #column(item: FetchItem, row: MessageRow): boolean {
    const output = this.#output;
    switch (item.kind) {
      case 'envelope':
        output.text('ENVELOPE ');
        output.either(row.envelope);
        return true;
      case 'body':
        output.text('BODY ');
        output.either(row.body);
        return true;
      case 'bodyStructure':
        output.text('BODYSTRUCTURE ');
        output.either(row.bodyStructure);
        return true;
      case 'internalDate':
        output.text(`INTERNALDATE ${writeInternalDate(row.internalDateMs)}`);
        return true;
      case 'rfc822Size':
        output.text('RFC822.SIZE ');
        output.number(row.sizeBytes);
        return true;
      case 'saveDate':
        // RFC 8514 §4.2: NIL when the storage does not have the save date.
        output.text(row.saveDateMs === null ? 'SAVEDATE NIL' : `SAVEDATE ${writeInternalDate(row.saveDateMs)}`);
        return true;
      default:
        return false;
    }
  }

  #text(item: FetchItem, row: MessageRow | null, content: ReadableMessage): Promise<void> | null {
    const { headerSizeBytes, sizeBytes } = content;
    switch (item.kind) {
      case 'rfc822':
        return this.#range('RFC822', content, { start: 0, end: sizeBytes }, null);
      case 'rfc822Header':
        return this.#range('RFC822.HEADER', content, { start: 0, end: headerSizeBytes }, null);
      case 'rfc822Text':
        return this.#range('RFC822.TEXT', content, { start: headerSizeBytes, end: sizeBytes }, null);
      case 'bodySection':
        return this.#section(item, row, content);
      case 'binary':
      case 'binarySize':
        return this.#binary(item, row, content);
      default:
        return null;
    }
  }

  #section(item: SectionItem, row: MessageRow | null, content: ReadableMessage): Promise<void> | null {
    const range = rangeOf(item, row, content);
    if (range === null) {
      // RFC 9051 §9, msg-att-static: an nstring, so a part that does not exist is NIL.
      this.#output.text(`${item.name} NIL`);
      return null;
    }
    const { text } = item.section;
    if (text.kind !== 'headerFields') return this.#range(item.name, content, range, item.partial);
    let filter = this.#filters.get(item);
    if (filter === undefined) {
      filter = new HeaderFilter(text.fields, text.not);
      this.#filters.set(item, filter);
    }
    const { maxFilteredHeaderBytes } = this.#context.deps.options.limits;
    const end = Math.min(range.end, range.start + maxFilteredHeaderBytes);
    const given = content.bytes(range.start, end);
    const write = (header: Uint8Array): Promise<void> | null => {
      const wanted = slice(filter.filter(header, end < range.end), item.partial);
      return this.#literal(item.name, content.hasNul ? withoutNul(wanted) : wanted, '{');
    };
    return given instanceof Uint8Array ? write(given) : given.then(write).then(nothing);
  }

  async #binary(
    item: Extract<FetchItem, { kind: 'binary' | 'binarySize' }>,
    row: MessageRow | null,
    content: ReadableMessage,
  ): Promise<void> {
    if (item.part.length === 0) {
      if (item.kind === 'binarySize') this.#output.text(`${item.name} ${content.sizeBytes}`);
      else await this.#range(item.name, content, { start: 0, end: content.sizeBytes }, item.partial, '~{');
      return;
    }
    const part = row === null ? null : findPart(row.structure, item.part);
    if (part === null) {
      this.#output.text(`${item.name} ${item.kind === 'binarySize' ? '0' : 'NIL'}`);
      return;
    }
    const decoded = new DecodedPart(content, part);
    if (item.kind === 'binarySize') {
      this.#output.text(`${item.name} ${await decoded.sizeBytes()}`);
      return;
    }
    const { sizeBytes, hasNul } = await decoded.measure();
    const range = clip({ start: 0, end: sizeBytes }, item.partial);
    // RFC 3516 §4.2: literal8 only where a literal could not carry it.
    this.#literalStart(item.name, range.end - range.start, hasNul ? '~{' : '{');
    for await (const piece of decoded.pieces(range)) await this.#output.stream(piece);
  }

  #literal(name: string, bytes: Uint8Array, brace: '{' | '~{'): Promise<void> | null {
    this.#literalStart(name, bytes.length, brace);
    return this.#output.stream(bytes);
  }

  #literalStart(name: string, sizeBytes: number, brace: '{' | '~{'): void {
    this.#output.text(name);
    this.#output.text(brace === '{' ? ' {' : ' ~{');
    this.#output.number(sizeBytes);
    this.#output.text('}\r\n');
  }

  #range(
    name: string,
    content: ReadableMessage,
    whole: ByteRange,
    partial: Partial | null,
    brace: '{' | '~{' = '{',
  ): Promise<void> | null {
    const range = clip(whole, partial);
    const { start, end } = range;
    this.#literalStart(name, end - start, brace);
    if (start === end) return null;
    const mayHaveNul = brace === '{' && content.hasNul;
    const { contentChunkBytes } = this.#context.deps.options.limits;
    const given = content.piece(start, Math.min(start + contentChunkBytes, end));
    if (given instanceof Uint8Array && given.length === end - start) return this.#piece(given, mayHaveNul);
    return this.#pieces(content, range, given, mayHaveNul);
  }

  /** Writes a range in pieces, of which `first` is one. */
  async #pieces(
    content: ReadableMessage,
    { start, end }: ByteRange,
    first: Uint8Array | Promise<Uint8Array>,
    mayHaveNul: boolean,
  ): Promise<void> {
    const { contentChunkBytes } = this.#context.deps.options.limits;
    let given = first;
    for (let at = start; ;) {
      const bytes = given instanceof Uint8Array ? given : await given;
      at += bytes.length;
      const waiting = this.#piece(bytes, mayHaveNul);
      if (waiting !== null) await waiting;
      if (at >= end) return;
      given = content.piece(at, Math.min(at + contentChunkBytes, end));
    }
  }

  #piece(bytes: Uint8Array, mayHaveNul: boolean): Promise<void> | null {
    if (bytes.length === 0) throw new Error('message content is shorter than its size');
    return this.#output.stream(mayHaveNul ? withoutNul(bytes) : bytes);
  }
}

type SectionItem = Extract<FetchItem, { kind: 'bodySection' }>;

function nothing(): void {}

const fetchStart = encoder.encode('* ');
const fetchOpen = encoder.encode(' FETCH (');
const uidText = encoder.encode('UID ');

function rangeOf(item: SectionItem, row: MessageRow | null, content: ReadableMessage): ByteRange | null {
  const { section } = item;
  if (section.part.length > 0) {
    const part = row === null ? null : findPart(row.structure, section.part);
    return part === null ? null : sectionRange(part, section);
  }
  switch (section.text.kind) {
    case 'all':
      return { start: 0, end: content.sizeBytes };
    case 'text':
      return { start: content.headerSizeBytes, end: content.sizeBytes };
    default:
      return { start: 0, end: content.headerSizeBytes };
  }
}

/** Returns the part of `whole` that `partial` selects. RFC 9051 §6.4.5: past the end it is empty, and across the end it is truncated. */
function clip(whole: ByteRange, partial: Partial | null): ByteRange {
  if (partial === null) return whole;
  const start = Math.min(whole.start + partial.start, whole.end);
  return { start, end: Math.min(start + partial.count, whole.end) };
}

function slice(bytes: Uint8Array, partial: Partial | null): Uint8Array {
  if (partial === null) return bytes;
  const { start, end } = clip({ start: 0, end: bytes.length }, partial);
  return bytes.subarray(start, end);
}
