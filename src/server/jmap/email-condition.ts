import {
  Arguments,
  invalidArgument,
  MethodError,
  parseFilter,
  type JmapLimits,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import type { Filter, TextCondition } from '#lib/search';
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

/** Reads the argument `filter` of emails. @throws MethodError. */
export function readEmailFilter(value: JsonValue, limits: JmapLimits): Filter<EmailCondition> {
  let count = 0;
  return parseFilter(value, (object) => readCondition(object, limits.maxFilterTextChars, countText), limits);

  function countText(): void {
    count += 1;
    if (count > limits.maxFilterTexts)
      throw new MethodError('unsupportedFilter', `a filter seeks at most ${limits.maxFilterTexts} words and phrases`);
  }
}

/**
 * Reads one condition.
 * @param countText  Called for each text that is sought; throws when the filter has too many.
 * @throws MethodError invalidArguments, or unsupportedFilter for a name that is not known.
 */
function readCondition(object: JsonObject, maxTextChars: number, countText: () => void): EmailCondition {
  const args = new Arguments(object);
  const tests: ((email: Email, view: EmailView) => boolean)[] = [];
  const texts: TextCondition[] = [];
  let hasAttachment: boolean | null = null;
  let mailbox: MailboxId | null = null;
  const seek = (text: TextCondition): void => {
    countText();
    texts.push(text);
  };
  for (const name of Object.keys(object)) {
    const test = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (test !== undefined) tests.push(test(args, name));
    else if (name === 'inMailbox') tests.push(inMailbox((mailbox = readMailbox(args.id(name)))));
    else if (name === 'hasAttachment') hasAttachment = args.boolean(name);
    else if (name === 'header') seek(headerKey(args, maxTextChars));
    else if (textNames.has(name)) for (const text of textKeys(name, bounded(args.text(name), maxTextChars))) seek(text);
    else throw new MethodError('unsupportedFilter', `there is no condition ${name.slice(0, 100)}`);
  }
  return { names: Object.keys(object), mailbox, tests, texts, hasAttachment };
}

function bounded(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  throw new MethodError('unsupportedFilter', `a text of a filter has at most ${maxChars} characters`);
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
 * Yields what a filter seeks (RFC 8621 §4.4.1): each word by itself, and text in quotes as a phrase, in which a backslash escapes quotes and itself.
 * An asterisk at the end of a word stands for its further letters, as some clients write it: words are found within others anyway.
 */
function* textKeys(name: string, value: string): Generator<TextCondition> {
  for (const [, double, single, word = ''] of value.matchAll(/"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|(\S+)/g)) {
    const text = (double ?? single)?.replaceAll(/\\(["'\\])/g, '$1') ?? word.replace(/\*+$/, '');
    if (text === '') continue;
    yield name === 'text' || name === 'body' ? { kind: name, value: text } : { kind: 'header', name, value: text };
  }
}

function headerKey(args: Arguments, maxTextChars: number): TextCondition {
  const [name, value = '', ...rest] = args.texts('header');
  if (name === undefined || rest.length > 0) throw invalidArgument('header', 'a name, and maybe a text, are expected');
  return { kind: 'header', name: bounded(name, maxTextChars).toLowerCase(), value: bounded(value, maxTextChars) };
}
