import { parseAddress, writeAddress, type Address } from '#lib/address';
import { convertHeader, type ConvertedHeader } from '#lib/conversion';
import {
  fieldText,
  isAddressList,
  mailboxesOf,
  parseAddressList,
  parseHeader,
  parseMessageIds,
  writeDate,
  type HeaderField,
} from '#lib/message';

/** Settings of the rules of submission. */
export interface SubmissionRules {
  /** True when the user may write in this address's name. */
  readonly maySendAs: (address: Address) => boolean;
  /** Milliseconds since 1970, for a missing Date. */
  readonly nowMs: number;
  /** With its angle brackets, for a missing Message-ID. */
  readonly newMessageId: string;
  /** The client announced SMTPUTF8, or is spared that: header fields that no encoding can express stay UTF-8. */
  readonly mayUseUtf8: boolean;
  /** True when tolerated faults are refused, so that developers notice. */
  readonly pedantic: boolean;
  /** From and Sender may be doubled or malformed, and beside one author Sender may be any address: a development server marks such mail. */
  readonly takesUnclearAuthors: boolean;
}

/** A header that may travel. */
export interface PreparedHeader {
  readonly kind: 'prepared';
  /** Fields to put before the message, each with CRLF; empty when nothing was missing. */
  readonly added: string;
  /** The header without fields that must not travel, in ASCII and short lines as far as possible; the same bytes when it was fine. */
  readonly header: Uint8Array;
  /** Names of the fields that it came without, in lower case; empty when there were none. */
  readonly removed: readonly string[];
  /** With its angle brackets. */
  readonly messageId: string;
  /** The author: the one address of the From field, or the first of several that is the user's. */
  readonly from: Address;
  /** All `TLS-Required` fields say `No` (RFC 8689 §5). */
  readonly tlsNotRequired: boolean;
  /** The header needs SMTPUTF8: some field is UTF-8 that no encoding can express (RFC 6531 §3.4). */
  readonly needsSmtputf8: boolean;
  /** It carries signatures of others over the whole message (RFC 6376, RFC 8617), which a conversion of the body would break. */
  readonly isSigned: boolean;
}

/** Reason why a message is not taken, for the SMTP reply. */
export interface SubmissionRefusal {
  readonly kind: 'refused';
  readonly code: number;
  readonly enhanced: string;
  readonly text: string;
}

/** Fields of a header by name, each list in order. */
type FieldsByName = ReadonlyMap<string, readonly HeaderField[]>;

function named(fields: FieldsByName, name: string): readonly HeaderField[] {
  return fields.get(name) ?? [];
}

/** RFC 5321 §6.3: this many Received fields mean a loop. */
const maxReceivedFields = 100;

/** Fields that recipients must not see, or that only final delivery may write (RFC 5322 §3.6.3, RFC 5321 §4.4). */
const notForTravel = new Set(['bcc', 'resent-bcc', 'return-path']);

/** Signatures over the header and the body. */
const signatures = ['dkim-signature', 'arc-message-signature'];

/**
 * Applies the rules of submission to a header (with its final empty line, if there is one).
 * Added: Date and Message-ID when missing (RFC 6409 §8.2, §8.3), Sender when several authors come without (RFC 6409 §8.1).
 * Removed: Bcc, Resent-Bcc, Return-Path. Text beyond ASCII is encoded, and long lines are folded (RFC 6409 §8.7).
 */
export function prepareHeader(header: Uint8Array, rules: SubmissionRules): PreparedHeader | SubmissionRefusal {
  const fields = parseHeader(header);
  const byName: FieldsByName = Map.groupBy(fields, ({ name }) => name);
  const refusal = checkFields(byName, rules) ?? checkUtf8(header, rules);
  if (refusal !== null) return refusal;
  const authors = readAuthors(byName, rules);
  if ('kind' in authors) return authors;
  const { from } = authors;
  const ids = named(byName, 'message-id').flatMap((field) => parseMessageIds(fieldText(field)));
  const messageId = ids[0] ?? rules.newMessageId;
  let added = byName.has('date') ? '' : `Date: ${writeDate(rules.nowMs, 0)}\r\n`;
  if (ids.length === 0) added += `Message-ID: ${messageId}\r\n`;
  if (authors.lacksSender) added += `Sender: ${writeAddress(from)}\r\n`;
  const tls = named(byName, 'tls-required');
  const gone = fields.filter((field) => notForTravel.has(field.name) || isUselessId(field, ids.length));
  const converted = convertHeader(without(header, gone));
  const problem = conversionProblem(converted, rules);
  if (problem !== null) return problem;
  return {
    kind: 'prepared',
    added,
    header: converted.bytes,
    removed: [...new Set(gone.map(({ name }) => name))],
    messageId,
    from,
    tlsNotRequired: tls.length > 0 && tls.every((field) => fieldText(field).toLowerCase() === 'no'),
    needsSmtputf8: converted.unencodable.length > 0,
    isSigned: signatures.some((name) => byName.has(name)),
  };
}

/** A message that would be taken here and refused by the next host is refused at once. */
function conversionProblem(
  { unencodable, unfoldable }: ConvertedHeader,
  { mayUseUtf8 }: SubmissionRules,
): SubmissionRefusal | null {
  if (unfoldable.length > 0)
    return refused(550, '5.6.0', `a line of the field ${unfoldable.join(', ')} is longer than 998 octets`);
  if (unencodable.length === 0 || mayUseUtf8) return null;
  return refused(550, '5.6.7', `the field ${unencodable.join(', ')} needs SMTPUTF8, which was not requested`);
}

/** A Message-ID field that names nothing would stand beside ours. */
function isUselessId({ name }: HeaderField, idCount: number): boolean {
  return name === 'message-id' && idCount === 0;
}

function checkFields(fields: FieldsByName, { pedantic }: SubmissionRules): SubmissionRefusal | null {
  const count = (name: string): number => named(fields, name).length;
  if (count('received') > maxReceivedFields)
    return refused(554, '5.4.6', `this message is in a loop: it has more than ${maxReceivedFields} Received fields`);
  if (!pedantic) return null;
  if (count('') > 0) return refused(554, '5.6.0', 'the header has a line that is no field');
  if (count('return-path') > 0)
    return refused(550, '5.6.0', 'Return-Path is written by final delivery only (RFC 5321 section 4.4)');
  // RFC 5322 §3.6: these occur at most once.
  const once = [
    'date',
    'from',
    'sender',
    'reply-to',
    'to',
    'cc',
    'bcc',
    'message-id',
    'in-reply-to',
    'references',
    'subject',
  ];
  const doubled = once.find((name) => count(name) > 1);
  return doubled === undefined ? null : refused(554, '5.6.0', `the field ${doubled} occurs more than once`);
}

/** RFC 6531 §3.1: UTF-8 has to be announced. The world encodes it, which developers then do not notice. */
function checkUtf8(header: Uint8Array, { pedantic, mayUseUtf8 }: SubmissionRules): SubmissionRefusal | null {
  if (!pedantic || mayUseUtf8 || !header.some((byte) => byte > 127)) return null;
  return refused(550, '5.6.7', 'the header is not ASCII, and SMTPUTF8 was not requested');
}

/** Author of a message, and whether the field for its sender is missing. */
interface Authors {
  readonly from: Address;
  readonly lacksSender: boolean;
}

/**
 * Reads From, and Sender (RFC 5322 §3.6.2). One of the authors has to be the user's, so that signatures align; Sender too, which may be missing.
 */
function readAuthors(fields: FieldsByName, rules: SubmissionRules): Authors | SubmissionRefusal {
  const { maySendAs, pedantic, takesUnclearAuthors } = rules;
  if (!fields.has('from')) return refused(550, '5.6.0', 'the message has no From field');
  const authors = addressesOf(fields, 'from');
  const unusable = authors.find(({ ok }) => !ok);
  if (authors.length === 0) return refused(550, '5.6.0', 'the From field has no address');
  if (unusable?.ok === false) return refused(550, '5.6.0', `the From field has no usable address: ${unusable.reason}`);
  const unclear = takesUnclearAuthors ? null : (checkAuthorField(fields, 'from') ?? checkAuthorField(fields, 'sender'));
  if (unclear !== null) return unclear;
  const from = authors.flatMap((author) => (author.ok ? [author.value] : [])).find(maySendAs);
  if (from === undefined)
    return refused(
      550,
      '5.7.1',
      `the From address is not one of yours${authors.length > 1 ? ', none of them is' : ''}`,
    );
  const isAlone = authors.length === 1;
  if (isAlone && (takesUnclearAuthors || !fields.has('sender'))) return { from, lacksSender: false };
  const senders = addressesOf(fields, 'sender');
  const [sender] = senders;
  const isMissing = takesUnclearAuthors ? sender === undefined : !fields.has('sender');
  if (isMissing && !pedantic) return { from, lacksSender: true };
  if (sender === undefined || senders.length > 1)
    return refused(
      550,
      '5.6.0',
      isAlone
        ? 'the Sender field has to have one address'
        : 'several From addresses need a Sender field with one address',
    );
  if (!sender.ok) return refused(550, '5.6.0', `the Sender field has no usable address: ${sender.reason}`);
  if (!maySendAs(sender.value)) return refused(550, '5.7.1', 'the Sender address is not one of yours');
  return { from, lacksSender: false };
}

/** Lines that are no fields here, and that another reader may take for From or Sender. */
const almostField = { from: /^[^!-~]*from[^!-~]*:/i, sender: /^[^!-~]*sender[^!-~]*:/i };

/** Readers of what is refused here disagree about who wrote the message (RFC 5322 §3.6: each field occurs at most once). */
function checkAuthorField(fields: FieldsByName, name: 'from' | 'sender'): SubmissionRefusal | null {
  const found = named(fields, name);
  if (found.length > 1) return refused(550, '5.6.0', `the field ${name} occurs more than once`);
  if (named(fields, '').some((line) => almostField[name].test(fieldText(line))))
    return refused(550, '5.6.0', `the header has a line that is almost the field ${name}`);
  if (found.every((field) => isAddressList(fieldText(field)))) return null;
  return refused(550, '5.6.0', `the field ${name} has more than addresses and their names`);
}

function addressesOf(fields: FieldsByName, name: string): ReturnType<typeof parseAddress>[] {
  return named(fields, name)
    .flatMap((field) => mailboxesOf(parseAddressList(fieldText(field))))
    .map(({ localpart, domain }) => parseAddress(`${quoteIfNeeded(localpart)}@${domain}`));
}

function quoteIfNeeded(localpart: string): string {
  return /^[^\s"\\(),:;<>@[\]]+$/.test(localpart) ? localpart : `"${localpart.replace(/["\\]/g, '\\$&')}"`;
}

function without(header: Uint8Array, gone: readonly HeaderField[]): Uint8Array {
  if (gone.length === 0) return header;
  const bytes = new Uint8Array(header.length - gone.reduce((sum, { start, end }) => sum + end - start, 0));
  let to = 0;
  let from = 0;
  for (const { start, end } of [...gone, { start: header.length, end: header.length }]) {
    bytes.set(header.subarray(from, start), to);
    to += start - from;
    from = end;
  }
  return bytes;
}

function refused(code: number, enhanced: string, text: string): SubmissionRefusal {
  return { kind: 'refused', code, enhanced, text };
}
