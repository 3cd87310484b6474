import { Arguments, invalidArgument, MethodError, type JsonObject } from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import type { TextCondition } from '#lib/search';
import { keywordsOf, type Email, type EmailView } from '#mail/emails';
import { mailboxIds } from './ids.ts';

/** A condition of Email/query (RFC 8621 §4.4.1), all of whose members must be true. */
export interface EmailCondition {
  /** Names of its members. */
  readonly names: readonly string[];
  /** Mailbox in which an email must be; null when the condition does not ask. */
  readonly mailbox: MailboxId | null;
  /** Answered by what is in memory. */
  readonly tests: readonly ((email: Email, view: EmailView) => boolean)[];
  /** Texts that the message must have, each of them. */
  readonly texts: readonly TextCondition[];
  /** Null when the condition does not ask. */
  readonly hasAttachment: boolean | null;
}

/** Reads one condition. @throws MethodError invalidArguments, or unsupportedFilter for a name that is not known. */
export function readCondition(object: JsonObject): EmailCondition {
  const args = new Arguments(object);
  const tests: ((email: Email, view: EmailView) => boolean)[] = [];
  const texts: TextCondition[] = [];
  let hasAttachment: boolean | null = null;
  let mailbox: MailboxId | null = null;
  for (const name of Object.keys(object)) {
    const test = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (test !== undefined) tests.push(test(args, name));
    else if (name === 'inMailbox') tests.push(inMailbox((mailbox = readMailbox(args.id(name)))));
    else if (name === 'hasAttachment') hasAttachment = args.boolean(name);
    else if (name === 'header') texts.push(headerKey(args));
    else if (textNames.has(name)) texts.push(...textKeys(name, args.text(name)));
    else throw new MethodError('unsupportedFilter', `there is no condition ${name.slice(0, 100)}`);
  }
  return { names: Object.keys(object), mailbox, tests, texts, hasAttachment };
}

type ReadTest = (args: Arguments, name: string) => (email: Email, view: EmailView) => boolean;

const readers: Readonly<Record<string, ReadTest>> = {
  inMailboxOtherThan: (args, name) => {
    const excluded = new Set(args.texts(name).map((id) => mailboxIds.read(id)));
    return ({ places }) => places.some(({ mailbox }) => !excluded.has(mailbox));
  },
  before: (args, name) => {
    const ms = args.utcDate(name);
    return ({ receivedMs }) => receivedMs < ms;
  },
  after: (args, name) => {
    const ms = args.utcDate(name);
    return ({ receivedMs }) => receivedMs >= ms;
  },
  minSize: (args, name) => {
    const bytes = args.unsigned(name);
    return ({ sizeBytes }) => sizeBytes >= bytes;
  },
  maxSize: (args, name) => {
    const bytes = args.unsigned(name);
    return ({ sizeBytes }) => sizeBytes < bytes;
  },
  hasKeyword: (args, name) => {
    const keyword = args.text(name).toLowerCase();
    return (email) => keywordsOf(email).has(keyword);
  },
  notKeyword: (args, name) => {
    const keyword = args.text(name).toLowerCase();
    return (email) => !keywordsOf(email).has(keyword);
  },
  allInThreadHaveKeyword: (args, name) => {
    const keyword = args.text(name).toLowerCase();
    return ({ thread }, view) => view.thread(thread).every((email) => keywordsOf(email).has(keyword));
  },
  someInThreadHaveKeyword: (args, name) => {
    const keyword = args.text(name).toLowerCase();
    return ({ thread }, view) => view.thread(thread).some((email) => keywordsOf(email).has(keyword));
  },
  noneInThreadHaveKeyword: (args, name) => {
    const keyword = args.text(name).toLowerCase();
    return ({ thread }, view) => !view.thread(thread).some((email) => keywordsOf(email).has(keyword));
  },
};

/** An id that is none is that of no mailbox. */
function readMailbox(id: string): MailboxId {
  return (mailboxIds.read(id) ?? 0) as MailboxId;
}

function inMailbox(wanted: MailboxId): (email: Email) => boolean {
  return ({ places }) => places.some(({ mailbox }) => mailbox === wanted);
}

const textNames = new Set(['text', 'from', 'to', 'cc', 'bcc', 'subject', 'body']);

/**
 * Returns what a filter seeks (RFC 8621 §4.4.1): each word by itself, and text in quotes as a phrase, in which a backslash escapes quotes and itself.
 * An asterisk at the end of a word stands for its further letters, as some clients write it: words are found within others anyway.
 */
function textKeys(name: string, value: string): TextCondition[] {
  const words = [...value.matchAll(/"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|(\S+)/g)].map(
    ([, double, single, word = '']) => (double ?? single)?.replaceAll(/\\(["'\\])/g, '$1') ?? word.replace(/\*+$/, ''),
  );
  const wanted = words.filter((word) => word !== '');
  return wanted.map((word): TextCondition => {
    if (name === 'text' || name === 'body') return { kind: name, value: word };
    return { kind: 'header', name, value: word };
  });
}

function headerKey(args: Arguments): TextCondition {
  const [name, value = '', ...rest] = args.texts('header');
  if (name === undefined || rest.length > 0) throw invalidArgument('header', 'a name, and maybe a text, are expected');
  return { kind: 'header', name: name.toLowerCase(), value };
}
