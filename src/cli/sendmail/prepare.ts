import { joinBytes } from '#lib/codecs';
import { needsSmtputf8, parseAddress, writeAddress, writeLocalpart, type Address } from '#lib/address';
import {
  fieldText,
  mailboxesOf,
  parseAddressList,
  parseHeader,
  writeAddresses,
  writeDate,
  writeUnstructured,
  type HeaderField,
  type MailboxEntry,
} from '#lib/message';
import type { SendRequest } from './arguments.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';

/** Rules of the configuration for addresses. */
export interface AddressRules {
  readonly from: string | null;
  readonly overrideFrom: boolean;
  readonly defaultDestination: string | null;
  readonly defaultDomain: string | null;
}

/** Facts of the message whenever it is sent, so that another try sends the same. */
export interface MessageOrigin {
  /** Milliseconds since 1970, for a missing Date. */
  readonly createdMs: number;
  /** Local time east of UTC. */
  readonly offsetMinutes: number;
  /** With its angle brackets, for a missing Message-ID. */
  readonly messageId: string;
  /** Name of the local user. */
  readonly user: string;
  /** Name of this machine. */
  readonly hostname: string;
}

/** A message as it goes to the server. */
export interface PreparedMessage {
  readonly kind: 'ready';
  /** Envelope sender; null for the null reverse-path. */
  readonly from: Address | null;
  /** Without duplicates, at least one. */
  readonly recipients: readonly Address[];
  readonly content: Uint8Array;
  readonly eightBit: boolean;
  readonly smtputf8: boolean;
}

/** A message that cannot be sent as it is. */
export interface UnusableMessage {
  readonly kind: 'unusable';
  readonly exitCode: ExitCode;
  readonly reason: string;
}

const maxRecipients = 10_000;
const LF = 10;
const encoder = new TextEncoder();

/** Fields that must not travel (RFC 5322 §3.6.3, RFC 5321 §4.4). */
const notForTravel = new Set(['bcc', 'resent-bcc', 'return-path']);
const addressFields = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
]);

/**
 * Makes of a message with CRLF line ends what a submission server takes: recipients and sender of the envelope, From, Date and Message-ID
 * where missing, no Bcc, header text beyond ASCII encoded (RFC 2047), MIME fields for an 8-bit body without any.
 */
export function prepareMessage(
  message: Uint8Array,
  request: SendRequest,
  rules: AddressRules,
  origin: MessageOrigin,
): PreparedMessage | UnusableMessage {
  const { fields, body } = split(message);
  const sender = senderOf(request, rules, origin);
  if (sender !== null && 'kind' in sender) return sender;
  const recipients = recipientsOf(fields, request, rules);
  if (!Array.isArray(recipients)) return recipients;
  const own = localAddress(origin.user, rules, origin);
  if (own === null) return unusable(exitCodes.EX_CONFIG, `${origin.user} has no sender address: configure from`);
  const header = writeHeader(fields, {
    request,
    rules,
    origin,
    own,
    author: sender ?? own,
    isBody8bit: has8bit(body),
    body,
  });
  const content = new Uint8Array(header.length + body.length);
  content.set(header);
  content.set(body, header.length);
  return {
    kind: 'ready',
    from: sender,
    recipients,
    content,
    eightBit: has8bit(content),
    // Addresses of the header, which no encoding can express, count as those of the envelope do.
    smtputf8: has8bit(header) || [...recipients, ...(sender === null ? [] : [sender])].some(needsSmtputf8),
  };
}

/** Header and body. A first line that is no field begins the body; the `From ` line of a mailbox file goes. */
function split(message: Uint8Array): { readonly fields: readonly HeaderField[]; readonly body: Uint8Array } {
  let start = 0;
  if (startsWith(message, 'From ')) start = message.indexOf(LF) + 1;
  const rest = message.subarray(start);
  const all = parseHeader(rest);
  const wrong = all.findIndex(({ name }) => name === '');
  const fields = wrong < 0 ? all : all.slice(0, wrong);
  const end = fields.at(-1)?.end ?? 0;
  const hasEmptyLine = rest[end] === 13 && rest[end + 1] === LF;
  return { fields, body: rest.subarray(hasEmptyLine ? end + 2 : end) };
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

function senderOf(
  { sender }: SendRequest,
  rules: AddressRules,
  origin: MessageOrigin,
): Address | null | UnusableMessage {
  const given = sender?.trim().replace(/^<(.*)>$/, '$1') ?? null;
  if (given === '') return null;
  const isComplete = given?.includes('@') === true && !rules.overrideFrom;
  const address = isComplete ? addressOf(given) : localAddress(given ?? origin.user, rules, origin);
  return address ?? unusable(exitCodes.EX_USAGE, `${given ?? origin.user} is no sender address`);
}

/** The address of a local user: `from`, or the name at the domain of this machine. */
function localAddress(name: string, rules: AddressRules, { hostname }: MessageOrigin): Address | null {
  return addressOf(rules.from ?? `${writeLocalpart(name.split('@', 1)[0] ?? '')}@${rules.defaultDomain ?? hostname}`);
}

function addressOf(text: string): Address | null {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.value : null;
}

function recipientsOf(
  fields: readonly HeaderField[],
  request: SendRequest,
  rules: AddressRules,
): Address[] | UnusableMessage {
  const lists = [...request.recipients];
  if (request.fromHeader) {
    const resent = fields.filter(({ name }) => /^resent-(?:to|cc|bcc)$/.test(name));
    const named = resent.length > 0 ? resent : fields.filter(({ name }) => /^(?:to|cc|bcc)$/.test(name));
    lists.push(...named.map((field) => fieldText(field)));
    const doubled = lists.map(bare).find((list) => /@[^\s<>,;:]*@/.test(list));
    if (doubled !== undefined) return unusable(exitCodes.EX_USAGE, `${doubled} is no address`);
  }
  const found = new Map<string, Address>();
  for (const entry of lists.flatMap((list) =>
    mailboxesOf(parseAddressList(separated(list), { limit: maxRecipients + 1 })),
  )) {
    const address = recipientOf(entry, rules);
    if (!('localpart' in address)) return address;
    found.set(writeAddress(address), address);
    if (found.size > maxRecipients) return unusable(exitCodes.EX_USAGE, `more than ${maxRecipients} recipients`);
  }
  const misread = request.recipients.find((list) => !isReadWhole(list));
  if (misread !== undefined) return unusable(exitCodes.EX_USAGE, `${misread} is no address`);
  return found.size > 0 ? [...found.values()] : unusable(exitCodes.EX_USAGE, 'the message has no recipients');
}

/** The list without what may hold anything: quoted strings and comments. */
function bare(list: string): string {
  return list.replace(/"(?:[^"\\]|\\.)*"/g, 'quoted').replace(/\([^()]*\)/g, '');
}

/** True when an argument is addresses and nothing else. The reader of header fields is tolerant: what it makes of `bad@@addr` was not meant. */
function isReadWhole(list: string): boolean {
  const words = bare(list)
    .replace(/[^<>,;]*<([^<>]*)>/g, ' $1 ')
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
  const entries = mailboxesOf(parseAddressList(separated(list), { limit: maxRecipients + 1 }));
  return (
    (entries.length > maxRecipients || words.length === entries.length) &&
    words.every((word) => word.split('@').length <= 2)
  );
}

/** Bare addresses with spaces between, as sendmail always took them, get their commas; else all but the last would be taken for a name. */
function separated(list: string): string {
  if (/[",<>():;]/.test(list)) return list;
  const words = list.split(/\s+/).filter((word) => word !== '');
  return words.every((word) => word.includes('@')) ? words.join(', ') : list;
}

function recipientOf({ localpart, domain }: MailboxEntry, rules: AddressRules): Address | UnusableMessage {
  const { defaultDestination, defaultDomain } = rules;
  if (domain === '') {
    // Words are a mistake, not the name of a user: their meaning is unknown.
    if (localpart === '' || /\s/.test(localpart))
      return unusable(exitCodes.EX_USAGE, `${localpart === '' ? 'an empty recipient' : localpart} is no address`);
    const fallback =
      defaultDestination ?? (defaultDomain === null ? null : `${writeLocalpart(localpart)}@${defaultDomain}`);
    if (fallback === null)
      return unusable(
        exitCodes.EX_CONFIG,
        `recipient ${localpart} has no domain: configure defaultDestination or defaultDomain`,
      );
    return addressOf(fallback) ?? unusable(exitCodes.EX_USAGE, `${fallback} is no address`);
  }
  const text = `${writeLocalpart(localpart)}@${domain}`;
  return addressOf(text) ?? unusable(exitCodes.EX_USAGE, `${text} is no address`);
}

interface HeaderFacts {
  readonly request: SendRequest;
  readonly rules: AddressRules;
  readonly origin: MessageOrigin;
  readonly own: Address;
  /** For a message without From: the sender that was named, as other sendmails do. */
  readonly author: Address;
  readonly isBody8bit: boolean;
  readonly body: Uint8Array;
}

/** The header with its empty line: what is missing comes first. */
function writeHeader(fields: readonly HeaderField[], facts: HeaderFacts): Uint8Array {
  const { origin, author, request, isBody8bit, body } = facts;
  const has = (name: string): boolean => fields.some((field) => field.name === name && fieldText(field) !== '');
  let added = '';
  if (!has('from')) added += writeAddresses('From', [mailbox(author, request.fullName)]);
  if (!has('date')) added += `Date: ${writeDate(origin.createdMs, origin.offsetMinutes)}\r\n`;
  if (!has('message-id')) added += `Message-ID: ${origin.messageId}\r\n`;
  if (isBody8bit && !has('mime-version') && !has('content-type')) {
    const charset = isUtf8(body) ? 'utf-8' : 'iso-8859-1';
    added += `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=${charset}\r\n`;
    if (!has('content-transfer-encoding')) added += 'Content-Transfer-Encoding: 8bit\r\n';
  }
  const empty = new Set(['from', 'date', 'message-id'].filter((name) => !has(name)));
  const pieces: Uint8Array[] = [encoder.encode(added)];
  for (const field of fields) {
    if (notForTravel.has(field.name) || empty.has(field.name)) continue;
    const rewritten = field.name === 'from' ? rewriteFrom(field, facts) : null;
    if (rewritten !== null) pieces.push(encoder.encode(rewritten));
    else pieces.push(asciiField(field));
  }
  pieces.push(Uint8Array.of(13, 10));
  return joinBytes(pieces);
}

function mailbox(address: Address, name: string | null): MailboxEntry {
  const text = writeAddress(address);
  return { kind: 'mailbox', name, localpart: address.localpart, domain: text.slice(text.lastIndexOf('@') + 1) };
}

/** From with local users' names made addresses; null when it stays. With `overrideFrom`, a complete address moves to Reply-To. */
function rewriteFrom(field: HeaderField, { rules, own, origin }: HeaderFacts): string | null {
  const entries = mailboxesOf(parseAddressList(fieldText(field)));
  const isLocal = ({ domain }: MailboxEntry): boolean => domain === '';
  if (!rules.overrideFrom && !entries.some(isLocal)) return null;
  const list = entries.map((entry) => {
    if (!isLocal(entry) && !rules.overrideFrom) return entry;
    const address = (isLocal(entry) ? localAddress(entry.localpart, rules, origin) : null) ?? own;
    return mailbox(address, entry.name ?? entry.localpart);
  });
  const complete = entries.filter((entry) => !isLocal(entry));
  const hasReplyTo = parseHeader(field.bytes).some(({ name }) => name === 'reply-to');
  // RFC 5322 §3.6.2: Sender is needed with several authors; one address is what the server wants to see.
  const [first = mailbox(own, null)] = list;
  const from = writeAddresses('From', rules.overrideFrom ? [first] : list);
  return rules.overrideFrom && complete.length > 0 && !hasReplyTo ? from + writeAddresses('Reply-To', complete) : from;
}

/** The field, encoded when it has 8-bit text that may be. */
function asciiField(field: HeaderField): Uint8Array {
  const bytes = field.bytes.subarray(field.start, field.end);
  if (!has8bit(bytes)) return endsWithLine(bytes) ? bytes : joinBytes([bytes, Uint8Array.of(13, 10)]);
  if (addressFields.has(field.name))
    return encoder.encode(writeAddresses(field.rawName, parseAddressList(fieldText(field))));
  // Parameters of MIME fields are not unstructured text.
  return field.name.startsWith('content-') ? bytes : encoder.encode(writeUnstructured(field.rawName, fieldText(field)));
}

function endsWithLine(bytes: Uint8Array): boolean {
  return bytes.at(-1) === LF;
}

function has8bit(bytes: Uint8Array): boolean {
  let bits = 0;
  for (let i = 0; i < bytes.length; i += 1) bits |= bytes[i] ?? 0;
  return bits > 127;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function unusable(exitCode: ExitCode, reason: string): UnusableMessage {
  return { kind: 'unusable', exitCode, reason };
}
