import { fieldText, findField, parseHeader, parseMessageIds } from '#lib/message';
import type { HeaderField } from '#lib/message';
import { decodeBody, MimeIndexer, type Part } from '#lib/mime';
import { defaultLimits, type DsnLimits } from './limits.ts';
import { readQsbmf } from './qsbmf.ts';
import { readStatusFields } from './status-fields.ts';
import type { ParsedDsn } from './types.ts';

/** Options of `parseDsn`. */
export interface ParseDsnOptions {
  /** Structure of the message, if it is known already. */
  readonly root?: Part;
  readonly limits?: Partial<DsnLimits>;
}

/** Longest Message-ID, since lines have at most 998 characters (RFC 5322 §2.1.1). */
const maxMessageIdChars = 998;

/**
 * Parses a delivery status notification (RFC 3464 §2, RFC 6533 §4), tolerantly: missing fields are null, extra parts are skipped, and bounces
 * of qmail, which are plain text, are accepted. The beginning of a message is enough.
 * Returns null when the message has neither a (global-)delivery-status part nor the form of such a bounce.
 */
export function parseDsn(bytes: Uint8Array, options: ParseDsnOptions = {}): ParsedDsn | null {
  const limits = { ...defaultLimits, ...options.limits };
  const message = bytes.subarray(0, limits.maxScannedBytes);
  const root = options.root ?? structureOf(message);
  const parts = reportParts(root, limits.maxParts);
  const status = parts.find(isStatus);
  if (status === undefined) return parseBounceText(message, root, limits);
  const { messageId, ...fields } = readStatusFields(bodyOf(message, status), limits);
  const original = parts.find(isOriginal);
  const returned = original === undefined ? null : messageIdOf(parseHeader(bodyOf(message, original)));
  const originalMessageId = returned ?? validId(parseMessageIds(messageId ?? '')[0]) ?? threadedId(message, root);
  return { ...fields, originalMessageId };
}

function parseBounceText(message: Uint8Array, root: Part, limits: DsnLimits): ParsedDsn | null {
  if (root.type !== 'text' || root.subtype !== 'plain') return null;
  const bounce = readQsbmf(bodyOf(message, root), limits);
  if (bounce === null) return null;
  const { reportingMta, recipients, original } = bounce;
  return { reportingMta, envelopeId: null, recipients, originalMessageId: messageIdOf(original) };
}

function structureOf(message: Uint8Array): Part {
  const indexer = new MimeIndexer();
  indexer.push(message);
  return indexer.finish().root;
}

/** Returns the parts of the report. Mailing lists and virus scanners put a multipart around it; attached messages are not searched. */
function reportParts(root: Part, maxParts: number): readonly Part[] {
  const parts = root.parts.slice(0, maxParts);
  if (parts.some(isStatus)) return parts;
  for (const { parts: inner } of parts) if (inner.slice(0, maxParts).some(isStatus)) return inner.slice(0, maxParts);
  return [];
}

function isStatus({ type, subtype }: Part): boolean {
  return type === 'message' && (subtype === 'delivery-status' || subtype === 'global-delivery-status');
}

function isOriginal({ type, subtype }: Part): boolean {
  if (type === 'text') return subtype === 'rfc822-headers';
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global' || subtype === 'global-headers');
}

/** Returns the body without its transfer encoding, which RFC 6533 §6.3 permits for some parts and other software uses anyway, and without leading empty lines. */
function bodyOf(message: Uint8Array, part: Part): Uint8Array {
  const raw = message.subarray(part.bodyStart, part.end);
  let bytes = raw;
  if (part.encoding === 'base64' || part.encoding === 'quoted-printable') {
    const decoder = decodeBody(part.encoding);
    const [head, rest] = [decoder.push(raw), decoder.finish()];
    bytes = new Uint8Array(head.length + rest.length);
    bytes.set(head);
    bytes.set(rest, head.length);
  }
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) start += 1;
  return bytes.subarray(start);
}

/** Returns the last of the notification's own In-Reply-To or References, as a last resort; null when there is none. */
function threadedId(message: Uint8Array, root: Part): string | null {
  const fields = parseHeader(message.subarray(root.headerStart, root.bodyStart));
  return validId(idsOf(fields, 'in-reply-to').at(-1)) ?? validId(idsOf(fields, 'references').at(-1));
}

function messageIdOf(fields: readonly HeaderField[]): string | null {
  return validId(idsOf(fields, 'message-id')[0]);
}

function idsOf(fields: readonly HeaderField[], name: string): readonly string[] {
  const field = findField(fields, name);
  return field === null ? [] : parseMessageIds(fieldText(field));
}

function validId(id: string | undefined): string | null {
  return id === undefined || id.length > maxMessageIdChars ? null : id;
}
