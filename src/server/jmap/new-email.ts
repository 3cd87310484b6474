import { Arguments, isJsonObject, MethodError, type JsonObject, type JsonValue } from '#lib/jmap';
import { foldField, writeDate } from '#lib/message';
import { shortHeaderNames } from './email-object.ts';
import { parseHeaderProperty, type HeaderProperty } from './header-property.ts';
import { InvalidProperties } from './invalid-properties.ts';
import { isNewBodyProperty, readNewBody, type NewBody } from './new-body.ts';
import { NewFields } from './new-fields.ts';

/** Facts that the server gives a new email. */
export interface NewEmailFacts {
  readonly nowMs: number;
  /** Without angle brackets; used when the client gives none. */
  readonly messageId: string;
}

/** An email that a client describes (RFC 8621 §4.6). */
export interface NewEmail {
  /** Fields of the header but those of the body, each with CRLF. */
  readonly fields: string;
  readonly body: NewBody;
  readonly mailboxIds: JsonValue;
  readonly keywords: JsonValue;
  /** Null for the time of its creation. */
  readonly receivedMs: number | null;
}

/** Order of the fields that most messages have (RFC 5322 §3.6); the others follow. */
const fieldOrder = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
];

const metadataNames = ['mailboxIds', 'keywords', 'receivedAt'];
const serverSetNames = ['id', 'blobId', 'threadId', 'size', 'hasAttachment', 'preview'];

/**
 * Reads an Email object that a client wants to be created. The message need not be a valid one: it may be a draft with addresses that are half written.
 * @throws SetError invalidProperties with all properties that are, tooLarge.
 */
export function readNewEmail(object: JsonObject, facts: NewEmailFacts): NewEmail {
  const invalid = new InvalidProperties();
  const fields = new NewFields(invalid);
  for (const [name, value] of Object.entries(object)) {
    if (metadataNames.includes(name) || isNewBodyProperty(name)) continue;
    const property = headerPropertyOf(name);
    const reason = property === null ? unknownReason(name) : reservedReason(property);
    if (reason !== null) invalid.add(name, reason);
    else if (property !== null) fields.add(name, property, value);
  }
  const body = readNewBody(object, fields, invalid);
  const args = new Arguments(object);
  const receivedMs = readReceivedAt(args, invalid);
  const mailboxIds = args.value('mailboxIds');
  if (!isJsonObject(mailboxIds)) invalid.add('mailboxIds', 'an object is expected, with true for each mailbox');
  invalid.refuse();
  const inRoot = body.kind === 'structure' ? body.root.head.fields : '';
  return {
    fields: fields.text(fieldOrder) + missingFields(fields, inRoot, facts),
    body,
    mailboxIds,
    keywords: args.value('keywords') ?? {},
    receivedMs,
  };
}

function headerPropertyOf(name: string): HeaderProperty | null {
  return parseHeaderProperty((Object.hasOwn(shortHeaderNames, name) ? shortHeaderNames[name] : undefined) ?? name);
}

function unknownReason(name: string): string {
  if (serverSetNames.includes(name)) return 'only the server sets this';
  // RFC 8621 §4.6: each field is a property of its own.
  return name === 'headers' ? 'header fields are set one by one' : 'a new email has no such property';
}

/** RFC 8621 §4.6: fields of the body belong to its parts. The server itself says that the message is MIME. */
function reservedReason({ field }: HeaderProperty): string | null {
  if (field.startsWith('content-')) return 'Content fields are set on parts of the body';
  return field === 'mime-version' ? 'the server writes this field' : null;
}

function readReceivedAt(args: Arguments, invalid: InvalidProperties): number | null {
  try {
    return args.utcDate('receivedAt', null);
  } catch (error) {
    if (!(error instanceof MethodError)) throw error;
    invalid.add('receivedAt', 'a UTC date is expected');
    return null;
  }
}

/** RFC 8621 §4.6: the server generates Message-ID and Date when the client gives none. */
function missingFields(fields: NewFields, inRoot: string, { nowMs, messageId }: NewEmailFacts): string {
  const isMissing = (name: string): boolean => !fields.writes(name) && !new RegExp(`^${name}:`, 'im').test(inRoot);
  return (
    (isMissing('date') ? `Date: ${writeDate(nowMs)}\r\n` : '') +
    (isMissing('message-id') ? foldField('Message-ID', [` <${messageId}>`]) : '')
  );
}
