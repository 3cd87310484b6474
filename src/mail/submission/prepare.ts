import { parseAddress, type Address } from '#lib/address';
import {
  fieldText,
  mailboxesOf,
  parseAddressList,
  parseHeader,
  parseMessageIds,
  writeDate,
  type HeaderField,
} from '#lib/message';

/** What the rules of submission depend on. */
export interface SubmissionRules {
  /** Whether the user may write in this address's name. */
  readonly maySendAs: (address: Address) => boolean;
  /** Milliseconds since 1970, for a missing Date. */
  readonly nowMs: number;
  /** With its angle brackets, for a missing Message-ID. */
  readonly newMessageId: string;
  /** What the world lives with is refused, so that developers notice. */
  readonly pedantic: boolean;
}

/** A header that may travel. */
export interface PreparedHeader {
  readonly kind: 'prepared';
  /** Fields to put before the message, each with CRLF; empty when nothing was missing. */
  readonly added: string;
  /** The header without what must not travel; the same bytes when there was nothing. */
  readonly header: Uint8Array;
  /** Names of the fields that it came without, in lower case; empty when there were none. */
  readonly removed: readonly string[];
  /** With its angle brackets. */
  readonly messageId: string;
  /** The one address of the From field. */
  readonly from: Address;
  /** All `TLS-Required` fields say `No` (RFC 8689 §5). */
  readonly tlsNotRequired: boolean;
  /** A byte over 127 occurs in the header, so that it needs SMTPUTF8 (RFC 6531 §3.6). */
  readonly has8bit: boolean;
}

/** Why a message is not taken, for the SMTP reply. */
export interface SubmissionRefusal {
  readonly kind: 'refused';
  readonly code: number;
  readonly enhanced: string;
  readonly text: string;
}

/** RFC 5321 §6.3: this many Received fields mean a loop. */
const maxReceivedFields = 100;

/** Fields that recipients must not see, or that only final delivery may write (RFC 5322 §3.6.3, RFC 5321 §4.4). */
const notForTravel = new Set(['bcc', 'resent-bcc', 'return-path']);

/**
 * Applies the rules of submission to a header (with its final empty line, if there is one).
 * Added: Date and Message-ID when missing (RFC 6409 §8.2, §8.3). Removed: Bcc, Resent-Bcc, Return-Path.
 */
export function prepareHeader(header: Uint8Array, rules: SubmissionRules): PreparedHeader | SubmissionRefusal {
  const fields = parseHeader(header);
  const refusal = checkFields(fields, rules);
  if (refusal !== null) return refusal;
  const from = readFrom(fields, rules);
  if ('kind' in from) return from;
  const dates = fields.filter(({ name }) => name === 'date');
  const ids = fields.filter(({ name }) => name === 'message-id').flatMap((field) => parseMessageIds(fieldText(field)));
  const messageId = ids[0] ?? rules.newMessageId;
  let added = dates.length === 0 ? `Date: ${writeDate(rules.nowMs, 0)}\r\n` : '';
  if (ids.length === 0) added += `Message-ID: ${messageId}\r\n`;
  const tls = fields.filter(({ name }) => name === 'tls-required');
  const gone = fields.filter((field) => notForTravel.has(field.name) || isUselessId(field, ids.length));
  return {
    kind: 'prepared',
    added,
    header: without(header, gone),
    removed: [...new Set(gone.map(({ name }) => name))],
    messageId,
    from,
    tlsNotRequired: tls.length > 0 && tls.every((field) => fieldText(field).toLowerCase() === 'no'),
    has8bit: header.some((byte) => byte > 127),
  };
}

/** A Message-ID field that names nothing would stand beside ours. */
function isUselessId({ name }: HeaderField, idCount: number): boolean {
  return name === 'message-id' && idCount === 0;
}

function checkFields(fields: readonly HeaderField[], { pedantic }: SubmissionRules): SubmissionRefusal | null {
  const count = (wanted: string): number => fields.filter(({ name }) => name === wanted).length;
  if (count('received') > maxReceivedFields) return refused(554, '5.4.6', 'this message is in a loop');
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

function readFrom(fields: readonly HeaderField[], { maySendAs }: SubmissionRules): Address | SubmissionRefusal {
  const froms = fields.filter(({ name }) => name === 'from');
  if (froms.length === 0) return refused(550, '5.6.0', 'the message has no From field');
  const mailboxes = froms.flatMap((field) => mailboxesOf(parseAddressList(fieldText(field))));
  if (mailboxes.length !== 1) return refused(550, '5.6.0', 'the From field must have exactly one address');
  const [{ localpart, domain } = { localpart: '', domain: '' }] = mailboxes;
  const address = parseAddress(`${quoteIfNeeded(localpart)}@${domain}`);
  if (!address.ok) return refused(550, '5.6.0', `the From field has no usable address: ${address.reason}`);
  if (maySendAs(address.value)) return address.value;
  return refused(550, '5.7.1', 'the From address is not one of yours');
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
