import { parsed, refused, type Parsed } from '#lib/parsed';
import { CharacterClass } from './characters.ts';
import type { Command } from './command.ts';
import { Cursor, SyntaxFailure, type ParseOptions } from './cursor.ts';
import { parseFetch } from './parse-fetch.ts';
import { parseList, parseStatusItems } from './parse-list.ts';
import { parseAuthenticate, parseEnable, parseId, parseLogin } from './parse-login.ts';
import { parseMailbox, parsePattern } from './parse-mailbox.ts';
import { parseSearch } from './parse-search.ts';
import { parseSelect } from './parse-select.ts';
import { parseSequenceSet } from './parse-sequence-set.ts';
import { parseStore } from './parse-store.ts';

/** A command with its tag, or the readable part of it and the reason of the refusal. */
export interface ParsedCommand {
  /** Null when it could not be read. */
  readonly tag: string | null;
  /** Upper case, `UID FETCH` for UID commands; empty when it could not be read. */
  readonly name: string;
  /** True when the name is unknown; `command` is then a refusal. */
  readonly isUnknown: boolean;
  readonly command: Parsed<Command>;
}

type ParseArguments = (cursor: Cursor) => Command;

const byName = new Map<string, ParseArguments>([
  ['CAPABILITY', () => ({ kind: 'capability' })],
  ['NOOP', () => ({ kind: 'noop' })],
  ['LOGOUT', () => ({ kind: 'logout' })],
  ['STARTTLS', () => ({ kind: 'startTls' })],
  ['CHECK', () => ({ kind: 'check' })],
  ['CLOSE', () => ({ kind: 'close' })],
  ['UNSELECT', () => ({ kind: 'unselect' })],
  ['IDLE', () => ({ kind: 'idle' })],
  ['NAMESPACE', () => ({ kind: 'namespace' })],
  ['EXPUNGE', () => ({ kind: 'expunge', uids: null })],
  ['ID', parseId],
  ['LOGIN', parseLogin],
  ['AUTHENTICATE', parseAuthenticate],
  ['ENABLE', parseEnable],
  ['SELECT', (cursor) => parseSelect(cursor, 'select')],
  ['EXAMINE', (cursor) => parseSelect(cursor, 'examine')],
  ['CREATE', parseCreate],
  ['DELETE', (cursor) => ({ kind: 'delete', mailbox: spaceMailbox(cursor) })],
  ['SUBSCRIBE', (cursor) => ({ kind: 'subscribe', mailbox: spaceMailbox(cursor) })],
  ['UNSUBSCRIBE', (cursor) => ({ kind: 'unsubscribe', mailbox: spaceMailbox(cursor) })],
  ['RENAME', (cursor) => ({ kind: 'rename', from: spaceMailbox(cursor), to: spaceMailbox(cursor) })],
  ['LIST', parseList],
  ['LSUB', parseLsub],
  ['STATUS', parseStatus],
  ['SEARCH', (cursor) => parseSearch(cursor, false)],
  ['FETCH', (cursor) => parseFetch(cursor, false)],
  ['STORE', (cursor) => parseStore(cursor, false)],
  ['COPY', (cursor) => parseCopy(cursor, 'copy', false)],
  ['MOVE', (cursor) => parseCopy(cursor, 'move', false)],
  ['UID SEARCH', (cursor) => parseSearch(cursor, true)],
  ['UID FETCH', (cursor) => parseFetch(cursor, true)],
  ['UID STORE', (cursor) => parseStore(cursor, true)],
  ['UID COPY', (cursor) => parseCopy(cursor, 'copy', true)],
  ['UID MOVE', (cursor) => parseCopy(cursor, 'move', true)],
  ['UID EXPUNGE', parseUidExpunge],
]);

/**
 * Parses one command from its bytes, with literals in place and without the final CRLF (RFC 9051 §9, command). Never throws for any input.
 * `at` of a refusal counts bytes. APPEND is refused here, since its messages are streamed (see `ImapCodec`).
 */
export function parseCommand(bytes: Uint8Array, options: ParseOptions): ParsedCommand {
  const head = parseHead(bytes, options);
  if (head.failure !== null) return refusal(head.tag, head.name, head.failure);
  const cursor = new Cursor(bytes, options, head.at);
  try {
    const parseArguments = byName.get(head.name);
    if (parseArguments === undefined) throw new SyntaxFailure(head.nameAt, 'APPEND without a message');
    const command = parseArguments(cursor);
    cursor.end();
    return { tag: head.tag, name: head.name, isUnknown: false, command: parsed(command) };
  } catch (error) {
    if (error instanceof SyntaxFailure) return refusal(head.tag, head.name, error);
    throw error;
  }
}

/** Tag and name of a command, as far as they could be read. */
export interface CommandHead {
  readonly tag: string | null;
  readonly name: string;
  readonly nameAt: number;
  /** First byte after the name. */
  readonly at: number;
  readonly failure: SyntaxFailure | null;
}

/** Reads tag and name. Never throws: an unknown name is a `failure`. */
export function parseHead(bytes: Uint8Array, options: ParseOptions): CommandHead {
  const cursor = new Cursor(bytes, options);
  let tag: string | null = null;
  let name = '';
  let nameAt = 0;
  try {
    const candidate = cursor.word(CharacterClass.Tag, 'a tag');
    cursor.space();
    tag = candidate;
    nameAt = cursor.at;
    name = cursor.name('a command');
    if (name === 'UID') {
      cursor.space();
      name = `UID ${cursor.name('a command after UID')}`;
    }
    if (name !== 'APPEND' && !byName.has(name)) throw new SyntaxFailure(nameAt, 'unknown command', true);
    return { tag, name, nameAt, at: cursor.at, failure: null };
  } catch (error) {
    if (error instanceof SyntaxFailure) return { tag, name, nameAt, at: cursor.at, failure: error };
    throw error;
  }
}

function refusal(tag: string | null, name: string, failure: SyntaxFailure): ParsedCommand {
  return { tag, name, isUnknown: failure.unknownCommand, command: refused(failure.at, failure.message) };
}

function spaceMailbox(cursor: Cursor): string {
  cursor.space();
  return parseMailbox(cursor);
}

/** Parses the arguments of CREATE (RFC 9051 §6.3.4), with USE of RFC 6154 §3. */
function parseCreate(cursor: Cursor): Command {
  const mailbox = spaceMailbox(cursor);
  const specialUse = new Set<string>();
  if (cursor.take(' ')) {
    cursor.list(() => {
      const start = cursor.at;
      if (cursor.name('USE') !== 'USE') cursor.fail('unknown parameter', start);
      cursor.space();
      cursor.list(() => {
        cursor.expect('\\');
        specialUse.add(`\\${cursor.atom('a special-use attribute').toLowerCase()}`);
      }, true);
    });
  }
  return { kind: 'create', mailbox, specialUse: [...specialUse] };
}

/** Parses the arguments of LSUB, which only IMAP4rev1 has (RFC 3501 §6.3.9). */
function parseLsub(cursor: Cursor): Command {
  const reference = spaceMailbox(cursor);
  cursor.space();
  return { kind: 'lsub', reference, pattern: parsePattern(cursor) };
}

/** Parses the arguments of STATUS (RFC 9051 §6.3.11). */
function parseStatus(cursor: Cursor): Command {
  const mailbox = spaceMailbox(cursor);
  cursor.space();
  return { kind: 'status', mailbox, items: parseStatusItems(cursor) };
}

/** Parses the arguments of COPY (RFC 9051 §6.4.7) and MOVE (RFC 9051 §6.4.8). */
function parseCopy(cursor: Cursor, kind: 'copy' | 'move', uid: boolean): Command {
  cursor.space();
  const set = parseSequenceSet(cursor);
  return { kind, uid, set, mailbox: spaceMailbox(cursor) };
}

/** Parses the arguments of UID EXPUNGE (RFC 4315 §2.1). */
function parseUidExpunge(cursor: Cursor): Command {
  cursor.space();
  return { kind: 'expunge', uids: parseSequenceSet(cursor) };
}
