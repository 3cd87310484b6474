import { decode } from '#lib/charset';
import { joinBytes } from '#lib/codecs';
import {
  decodeEncodedWords,
  fieldText,
  findField,
  findParameter,
  parseHeader,
  parseMessageIds,
  type HeaderField,
} from '#lib/message';
import { decodeBody, MimeIndexer, type Part } from '#lib/mime';
import { blankControls } from '#lib/printable';
import { mdnLimits } from './limits.ts';
import type { MdnDisposition, ParsedMdn } from './types.ts';

const knownFields = new Set([
  'reporting-ua',
  'mdn-gateway',
  'original-recipient',
  'final-recipient',
  'original-message-id',
  'disposition',
  'error',
]);

/** Parses a disposition notification (RFC 8098 §3), tolerantly. @returns null when the message has no report with a disposition that is known. */
export function parseMdn(
  bytes: Uint8Array,
  limits: { readonly [K in keyof typeof mdnLimits]: number } = mdnLimits,
): ParsedMdn | null {
  const message = bytes.subarray(0, limits.maxScannedBytes);
  const indexer = new MimeIndexer();
  indexer.push(message);
  const { root } = indexer.finish();
  const at = root.parts.findIndex(({ type, subtype }) => type === 'message' && isReport(subtype));
  const part = root.parts[at];
  if (part === undefined) return null;
  const fields = parseHeader(withoutEmptyLines(bodyOf(message, part)));
  const value = (name: string): string | null => {
    const field = findField(fields, name);
    return field === null ? null : textOf(field, limits.maxFieldChars);
  };
  const disposition = dispositionIn(value('disposition') ?? '');
  if (disposition === null) return null;
  const others = fields.filter(({ name }) => name !== '' && !knownFields.has(name)).slice(0, limits.maxFields);
  const first = at > 0 ? root.parts[0] : undefined;
  return {
    subject: subjectOf(parseHeader(message.subarray(root.headerStart, root.bodyStart)), limits.maxFieldChars),
    text: first?.type === 'text' ? peopleText(message, first, limits.maxTextBytes) : null,
    reportingUA: value('reporting-ua'),
    mdnGateway: value('mdn-gateway'),
    originalRecipient: value('original-recipient'),
    finalRecipient: value('final-recipient'),
    originalMessageId: parseMessageIds(value('original-message-id') ?? '')[0] ?? null,
    disposition,
    error: fields
      .filter(({ name }) => name === 'error')
      .slice(0, limits.maxFields)
      .map((field) => textOf(field, limits.maxFieldChars)),
    extensionFields: new Map(others.map((field) => [field.name, textOf(field, limits.maxFieldChars)])),
    hasOriginal: root.parts.length > at + 1,
  };
}

/** RFC 6533 §6.5 adds the one with UTF-8. */
function isReport(subtype: string): boolean {
  return subtype === 'disposition-notification' || subtype === 'global-disposition-notification';
}

/** RFC 8098 §3.2.6: modes, then the type and maybe modifiers, which are left out. */
function dispositionIn(text: string): MdnDisposition | null {
  const [, actionMode, sendingMode, type] =
    /^(manual-action|automatic-action)\s*\/\s*(mdn-sent-manually|mdn-sent-automatically)\s*;\s*(deleted|dispatched|displayed|processed)\b/.exec(
      text.toLowerCase(),
    ) ?? [];
  if (actionMode === undefined || sendingMode === undefined || type === undefined) return null;
  return {
    actionMode: actionMode as MdnDisposition['actionMode'],
    sendingMode: sendingMode as MdnDisposition['sendingMode'],
    type: type as MdnDisposition['type'],
  };
}

function subjectOf(header: readonly HeaderField[], maxChars: number): string | null {
  const field = findField(header, 'subject');
  return field === null ? null : blankControls(decodeEncodedWords(fieldText(field))).slice(0, maxChars);
}

function textOf(field: HeaderField, maxChars: number): string {
  return blankControls(fieldText(field)).slice(0, maxChars);
}

function peopleText(message: Uint8Array, part: Part, maxBytes: number): string {
  const bytes = bodyOf(message, part).subarray(0, maxBytes);
  return decode(bytes, findParameter(part.params, 'charset')).replaceAll('\r\n', '\n').toWellFormed();
}

function bodyOf(message: Uint8Array, part: Part): Uint8Array {
  const decoder = decodeBody(part.encoding);
  return joinBytes([decoder.push(message.subarray(part.bodyStart, part.end)), decoder.finish()]);
}

function withoutEmptyLines(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) start += 1;
  return bytes.subarray(start);
}
