import { ByteBuffer } from './byte-buffer.ts';
import { SyntaxFailure, type ParseOptions } from './cursor.ts';
import type { ImapEvent, TooBigWhat } from './event.ts';
import { defaultLimits, type ImapLimits } from './limits.ts';
import { literalHeader, type LiteralHeader } from './literal-header.ts';
import { parseAppendMailbox, parseAppendPrefix } from './parse-append.ts';
import { parseCommand, parseHead, type CommandHead } from './parse-command.ts';
import { decodeSaslData } from './sasl-data.ts';
import { Skipper } from './skipper.ts';

const empty = new Uint8Array(0);

/** State of the APPEND whose messages are arriving. */
interface Append {
  readonly tag: string;
  readonly mailbox: string;
  /** Messages announced so far. */
  messages: number;
  /** The current message was `UTF8 (~{…}`: a parenthesis follows it. */
  isUtf8: boolean;
}

/**
 * Decodes a client's bytes into events, without I/O. Events are made one at a time, on request, so that the session's decision
 * on one (continue or skip, IDLE, SASL, new limits) applies to the bytes after it, even of the same chunk.
 */
export class ImapCodec {
  /** May be replaced between events, as at login. */
  limits: ImapLimits;
  /** Mailbox names are UTF-8: set it when UTF8=ACCEPT (RFC 6855 §3) or IMAP4rev2 (RFC 9051 §5.1) is enabled. */
  utf8: boolean;

  #input: Uint8Array = empty;
  #at = 0;
  readonly #queue: ImapEvent[] = [];
  #mode: 'command' | 'idle' | 'sasl' = 'command';
  #state: 'line' | 'literal' | 'message' | 'skip' = 'line';

  /** The current command so far, without messages of APPEND; empty while a line lies whole in the input. */
  readonly #command = new ByteBuffer();
  /** Start of the current line in it. */
  #lineStart = 0;
  #lineBytes = 0;
  #literals = 0;
  #literalsBytes = 0;
  /** Bytes of the command that are no longer kept, for offsets. */
  #released = 0;
  /** Bytes of a literal or message still to come. */
  #need = 0;
  /** The client waits for a continuation before it sends them (RFC 9051 §4.3, synchronizing literal). */
  #clientWaits = false;
  #append: Append | null = null;
  #skipper = new Skipper(0, empty);

  /** @param options  Limits default to those of a logged-in client. */
  constructor(options: { readonly limits?: ImapLimits; readonly utf8?: boolean } = {}) {
    this.limits = options.limits ?? defaultLimits;
    this.utf8 = options.utf8 ?? false;
  }

  /**
   * Takes the next bytes from the client and yields the events that they complete. `chunk` must not change while its events are in use.
   * When the caller stops early, the next call yields the rest.
   */
  *push(chunk: Uint8Array): Generator<ImapEvent, void, undefined> {
    this.feed(chunk);
    for (let event = this.next(); event !== null; event = this.next()) yield event;
  }

  /** Takes the next bytes without making events. */
  feed(chunk: Uint8Array): void {
    if (this.#at >= this.#input.length) this.#input = chunk;
    else {
      const rest = this.#input.subarray(this.#at);
      this.#input = new Uint8Array(rest.length + chunk.length);
      this.#input.set(rest);
      this.#input.set(chunk, rest.length);
    }
    this.#at = 0;
  }

  /** Returns the next event, or null when more bytes are needed. */
  next(): ImapEvent | null {
    for (;;) {
      const queued = this.#queue.shift();
      if (queued !== undefined) return queued;
      const before = this.#at;
      const state = this.#state;
      const event = this.#step();
      if (event !== null) return event;
      if (this.#queue.length === 0 && this.#at === before && this.#state === state) return null;
    }
  }

  /** Drops the rest of the current command without another event for it, after a literal or an APPEND was refused. */
  skipCommand(): void {
    this.#queue.length = 0;
    if (this.#state === 'literal' || this.#state === 'message') {
      if (this.#clientWaits) this.#reset();
      else this.#skip(this.#need, empty);
    } else if (this.#state === 'line' && this.#append !== null) this.#skip(0, this.#command.view);
  }

  /** Reads the next line as the end of IDLE, which is DONE (RFC 9051 §6.3.13). Call it when IDLE was answered with `+ `. */
  expectDone(): void {
    this.#mode = 'idle';
  }

  /** Reads the next line as the response to a SASL challenge (RFC 9051 §6.2.2). Call it after each challenge. */
  expectSaslResponse(): void {
    this.#mode = 'sasl';
  }

  /** Drops bytes that are in no event yet: at STARTTLS, extra plaintext MUST be thrown away or read as TLS (RFC 9051 §6.2.1). */
  discardInput(): void {
    this.#input = empty;
    this.#at = 0;
    this.#queue.length = 0;
    this.#reset();
  }

  /** True when bytes were fed that are in no event yet. */
  get hasInput(): boolean {
    return this.#at < this.#input.length || this.#command.size > 0;
  }

  /** True when the input ends with a literal or a message and its command continues: the client may wait for TCP to acknowledge it. */
  get endsWithLiteral(): boolean {
    if (this.#state !== 'line' || this.#mode !== 'command' || this.#at < this.#input.length) return false;
    return this.#command.size > 0
      ? this.#lineStart === this.#command.size
      : this.#append !== null && this.#lineBytes === 0;
  }

  #step(): ImapEvent | null {
    switch (this.#state) {
      case 'line':
        return this.#readLine();
      case 'literal':
        return this.#readLiteral();
      case 'message':
        return this.#readMessage();
      default: {
        const { at, done } = this.#skipper.read(this.#input, this.#at);
        this.#at = at;
        if (done) this.#reset();
        return null;
      }
    }
  }

  get #options(): ParseOptions {
    return { limits: this.limits, utf8: this.utf8 };
  }

  /** Takes as many of the needed bytes as are available. */
  #takeBytes(): Uint8Array {
    const bytes = this.#input.subarray(this.#at, Math.min(this.#input.length, this.#at + this.#need));
    this.#at += bytes.length;
    return bytes;
  }

  #readLine(): ImapEvent | null {
    if (this.#at >= this.#input.length) return null;
    const found = this.#input.indexOf(0x0a, this.#at);
    const end = found < 0 ? this.#input.length : found + 1;
    const room = this.limits.maxLineBytes - this.#lineBytes;
    if (end - this.#at > room) return this.#lineTooBig(room);
    const bytes = this.#input.subarray(this.#at, end);
    this.#at = end;
    this.#lineBytes += bytes.length;
    if (found < 0 || this.#command.size > 0) this.#command.append(bytes);
    if (found < 0) return null;
    return this.#line(this.#command.size > 0 ? this.#command.view : bytes);
  }

  #lineTooBig(room: number): ImapEvent {
    this.#command.append(this.#input.subarray(this.#at, this.#at + room));
    this.#at += room;
    const seen = this.#command.view;
    const event = this.#tooBig(this.#head(seen), 'line', 0, this.limits.maxLineBytes, 0);
    this.#mode = 'command';
    this.#skip(0, seen.subarray(this.#lineStart));
    return event;
  }

  /** Handles the end of a line; `bytes` is the command so far with the CRLF. RFC 9051 §2.2: only CRLF ends a line. */
  #line(bytes: Uint8Array): ImapEvent | null {
    const end = bytes.length - 2;
    if (end < this.#lineStart || bytes[end] !== 0x0d) {
      const event = this.#invalid(this.#head(bytes), new SyntaxFailure(bytes.length - 1, 'line ends without CR'), 0);
      this.#mode = 'command';
      this.#reset();
      return event;
    }
    if (this.#mode === 'idle') return this.#idleEnd(bytes, end);
    if (this.#mode !== 'command') return this.#answer(bytes.subarray(0, end));
    const header = literalHeader(bytes, this.#lineStart, end);
    if (this.#append !== null) return this.#appendLine(this.#append, bytes, end, header);
    if (header !== null) return this.#literal(bytes, header);
    const { tag, name, isUnknown, command } = parseCommand(bytes.subarray(0, end), this.#options);
    this.#reset();
    if (command.ok && tag !== null) return { kind: 'command', tag, name, command: command.value };
    const { at, reason } = command.ok ? { at: 0, reason: 'expected a tag' } : command;
    return { kind: 'invalid', tag, name, at, reason, unknown: isUnknown, skipsBytes: 0 };
  }

  /** Handles the line that IDLE waits for. */
  #idleEnd(bytes: Uint8Array, end: number): ImapEvent {
    const done = isDone(bytes.subarray(0, end));
    const { tag } = parseHead(bytes.subarray(0, end), this.#options);
    const header = done ? null : literalHeader(bytes, 0, end);
    this.#mode = 'command';
    // RFC 9051 §6.3.13: a client MUST NOT send a command while the server waits for DONE. One that does may append a literal.
    // Octets that a client sends without waiting must not be read as commands.
    if (header === null || header.isSynchronizing) this.#reset();
    else this.#skip(header.sizeBytes, empty);
    return { kind: 'idleEnd', isDone: done, tag: done ? null : tag };
  }

  /** Handles the line that a SASL exchange waits for; a single `*` cancels it (RFC 9051 §6.2.2). */
  #answer(line: Uint8Array): ImapEvent {
    this.#mode = 'command';
    const isCancelled = line.length === 1 && line[0] === 0x2a;
    const data = isCancelled ? null : decodeSaslData(line, false);
    this.#reset();
    return { kind: 'saslResponse', data, isCancelled };
  }

  /** Handles a line of a command that ends in a literal's header. */
  #literal(bytes: Uint8Array, header: LiteralHeader): ImapEvent | null {
    const { limits } = this;
    const head = parseHead(bytes, this.#options);
    const { failure } = head;
    if (failure !== null) return this.#refuse(header, (skips) => this.#invalid(head, failure, skips));
    // The mailbox of APPEND may be a literal as well; it is the one that follows the name.
    const isMailbox = this.#lineStart === 0 && header.at === head.at + 1;
    if (head.name === 'APPEND' && !isMailbox) return this.#firstMessage(bytes, header);
    const size = header.sizeBytes;
    const passed: readonly [TooBigWhat, number] | null =
      size > limits.maxLiteralBytes
        ? ['literal', limits.maxLiteralBytes]
        : this.#literalsBytes + size > limits.maxLiteralsBytes
          ? ['literals', limits.maxLiteralsBytes]
          : this.#literals >= limits.maxLiterals
            ? ['literalCount', limits.maxLiterals]
            : null;
    if (passed !== null) return this.#refuse(header, (skips) => this.#tooBig(head, passed[0], size, passed[1], skips));
    if (this.#command.size === 0) this.#command.append(bytes);
    this.#literals++;
    this.#literalsBytes += size;
    this.#need = size;
    this.#clientWaits = header.isSynchronizing;
    this.#state = 'literal';
    if (!header.isSynchronizing) return null;
    return { kind: 'continue', tag: head.tag ?? '', name: head.name, sizeBytes: size };
  }

  #readLiteral(): ImapEvent | null {
    const bytes = this.#takeBytes();
    this.#need -= bytes.length;
    this.#clientWaits &&= bytes.length === 0;
    this.#command.append(bytes);
    if (this.#need === 0) {
      this.#state = 'line';
      this.#clientWaits = false;
      this.#lineStart = this.#command.size;
    }
    return null;
  }

  /** Handles the header of the first message of an APPEND; `bytes` is the command so far. */
  #firstMessage(bytes: Uint8Array, header: LiteralHeader): ImapEvent {
    const head = parseHead(bytes, this.#options);
    try {
      const { mailbox, at } = parseAppendMailbox(bytes, head.at, this.#options);
      const append: Append = { tag: head.tag ?? '', mailbox, messages: 0, isUtf8: false };
      const event = this.#message(append, bytes, at, header);
      if (event.kind !== 'appendMessage') return event;
      this.#queue.push(event);
      return { kind: 'appendStart', tag: append.tag, mailbox };
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      return this.#refuse(header, (skips) => this.#invalid(head, error, skips));
    }
  }

  /** Handles the line after a message of APPEND: the end, or another message (RFC 3502 §6.3.11). */
  #appendLine(append: Append, bytes: Uint8Array, end: number, header: LiteralHeader | null): ImapEvent {
    const head = { tag: append.tag, name: 'APPEND' };
    try {
      const at = append.isUtf8 ? 1 : 0;
      if (append.isUtf8 && bytes[0] !== 0x29) throw new SyntaxFailure(0, 'expected )');
      if (header !== null) return this.#message(append, bytes, at, header);
      if (end > at) throw new SyntaxFailure(at, 'expected another message or the end of the command');
      this.#reset();
      return { kind: 'appendEnd', tag: append.tag, messages: append.messages };
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      if (header !== null) return this.#refuse(header, (skips) => this.#invalid(head, error, skips));
      const event = this.#invalid(head, error, 0);
      this.#reset();
      return event;
    }
  }

  /** Parses the arguments before a message and prepares to read its bytes. @throws SyntaxFailure */
  #message(append: Append, bytes: Uint8Array, at: number, header: LiteralHeader): ImapEvent {
    const { limits } = this;
    const prefix = parseAppendPrefix(bytes, at, header.at, this.#options);
    const size = header.sizeBytes;
    const head = { tag: append.tag, name: 'APPEND' };
    if (size > limits.maxMessageBytes) {
      return this.#refuse(header, (skips) => this.#tooBig(head, 'message', size, limits.maxMessageBytes, skips));
    }
    if (this.#literals >= limits.maxLiterals) {
      return this.#refuse(header, (skips) => this.#tooBig(head, 'literalCount', size, limits.maxLiterals, skips));
    }
    this.#literals++;
    this.#append = append;
    append.isUtf8 = prefix.isUtf8;
    this.#released += bytes.length + size;
    this.#command.clear();
    this.#lineStart = 0;
    this.#lineBytes = 0;
    this.#need = size;
    this.#clientWaits = header.isSynchronizing;
    this.#state = 'message';
    return {
      kind: 'appendMessage',
      tag: append.tag,
      mailbox: append.mailbox,
      index: append.messages++,
      ...prefix,
      sizeBytes: size,
      needsContinuation: header.isSynchronizing,
    };
  }

  #readMessage(): ImapEvent | null {
    if (this.#need === 0) {
      this.#state = 'line';
      return { kind: 'appendMessageEnd' };
    }
    const bytes = this.#takeBytes();
    if (bytes.length === 0) return null;
    this.#need -= bytes.length;
    this.#clientWaits = false;
    return { kind: 'appendData', bytes };
  }

  /** Ends a command at a refused literal. `make` gets the number of bytes that a client sends without waiting (RFC 7888 §4). */
  #refuse(header: LiteralHeader, make: (skipsBytes: number) => ImapEvent): ImapEvent {
    const event = make(header.isSynchronizing ? 0 : header.sizeBytes);
    if (header.isSynchronizing) this.#reset();
    else this.#skip(header.sizeBytes, empty);
    return event;
  }

  #head(bytes: Uint8Array): Pick<CommandHead, 'tag' | 'name'> {
    if (this.#append !== null) return { tag: this.#append.tag, name: 'APPEND' };
    return this.#mode === 'command' ? parseHead(bytes, this.#options) : { tag: null, name: '' };
  }

  #invalid(head: Pick<CommandHead, 'tag' | 'name'>, failure: SyntaxFailure, skipsBytes: number): ImapEvent {
    return {
      kind: 'invalid',
      tag: head.tag,
      name: head.name,
      at: this.#released + failure.at,
      reason: failure.message,
      unknown: failure.unknownCommand,
      skipsBytes,
    };
  }

  #tooBig(
    head: Pick<CommandHead, 'tag' | 'name'>,
    what: TooBigWhat,
    sizeBytes: number,
    limit: number,
    skipsBytes: number,
  ): ImapEvent {
    return { kind: 'tooBig', tag: head.tag, name: head.name, what, sizeBytes, limit, skipsBytes };
  }

  #skip(need: number, seen: Uint8Array): void {
    const skipper = new Skipper(need, seen);
    this.#reset();
    this.#skipper = skipper;
    this.#state = 'skip';
  }

  /** Prepares for the next command. */
  #reset(): void {
    this.#state = 'line';
    this.#command.clear();
    this.#lineStart = 0;
    this.#lineBytes = 0;
    this.#literals = 0;
    this.#literalsBytes = 0;
    this.#released = 0;
    this.#need = 0;
    this.#clientWaits = false;
    this.#append = null;
  }
}

function isDone(line: Uint8Array): boolean {
  return line.length === 4 && String.fromCharCode(...line).toUpperCase() === 'DONE';
}
