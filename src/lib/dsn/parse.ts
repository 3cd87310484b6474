import { fieldText, findField, parseHeader } from '#lib/message';
import type { HeaderField } from '#lib/message';
import { MimeIndexer } from '#lib/mime';
import { readTypedAddress } from './address-type.ts';
import { defaultLimits } from './limits.ts';
import type { DsnAction, ParsedDsn, ParsedDsnRecipient } from './types.ts';

const actions: ReadonlySet<string> = new Set<DsnAction>(['failed', 'delayed', 'delivered', 'relayed', 'expanded']);

/**
 * Reads a delivery status notification (RFC 3464), tolerantly: missing fields are null, extra parts are skipped.
 * Returns null when the message has no (global-)delivery-status part.
 */
export function parseDsn(bytes: Uint8Array, limits: Limits = defaultLimits): ParsedDsn | null {
  const message = bytes.subarray(0, limits.maxScannedBytes);
  const indexer = new MimeIndexer();
  indexer.push(message);
  let status: Uint8Array | null = null;
  let originalMessageId: string | null = null;
  for (const part of indexer.finish().root.parts.slice(0, limits.maxParts)) {
    const name = `${part.type}/${part.subtype}`;
    const body = message.subarray(part.bodyStart, part.end);
    if (status === null && /^message\/(global-)?delivery-status$/.test(name)) status = body;
    else if (/^(text\/rfc822-headers|message\/(rfc822|global|global-headers))$/.test(name)) {
      originalMessageId ??= text(parseHeader(body), 'message-id');
    }
  }
  return status === null ? null : { ...readStatus(status, limits.maxRecipients), originalMessageId };
}

type Limits = { readonly [K in keyof typeof defaultLimits]: number };

function readStatus(body: Uint8Array, maxRecipients: number): Omit<ParsedDsn, 'originalMessageId'> {
  const recipients: ParsedDsnRecipient[] = [];
  let reportingMta: string | null = null;
  let envelopeId: string | null = null;
  for (const block of blocks(body)) {
    const fields = parseHeader(block);
    reportingMta ??= afterType(text(fields, 'reporting-mta'));
    envelopeId ??= text(fields, 'original-envelope-id');
    const isRecipient = findField(fields, 'final-recipient') ?? findField(fields, 'action');
    if (isRecipient !== null && recipients.length < maxRecipients) recipients.push(readRecipient(fields));
  }
  return { reportingMta, envelopeId, recipients };
}

function readRecipient(fields: readonly HeaderField[]): ParsedDsnRecipient {
  const original = text(fields, 'original-recipient');
  const action =
    text(fields, 'action')
      ?.toLowerCase()
      .match(/^[a-z]+/)?.[0] ?? '';
  const diagnosticField = text(fields, 'diagnostic-code');
  const isSmtp = diagnosticField !== null && /^smtp\s*;/i.test(diagnosticField);
  const diagnostic = afterType(diagnosticField);
  const code = isSmtp ? (diagnostic?.match(/^[2-5]\d\d(?!\d)/)?.[0] ?? null) : null;
  return {
    finalRecipient: readTypedAddress(text(fields, 'final-recipient') ?? ''),
    originalRecipient: original === null ? null : readTypedAddress(original),
    action: actions.has(action) ? (action as DsnAction) : null,
    status: text(fields, 'status')?.match(/^[245]\.\d{1,3}\.\d{1,3}(?!\d)/)?.[0] ?? null,
    remoteMta: afterType(text(fields, 'remote-mta')),
    diagnostic,
    smtpCode: code === null ? null : Number(code),
  };
}

function text(fields: readonly HeaderField[], name: string): string | null {
  const field = findField(fields, name);
  return field === null ? null : fieldText(field);
}

function afterType(value: string | null): string | null {
  return value === null ? null : value.slice(value.indexOf(';') + 1).trim();
}

/** Offset after the first empty line. */
function afterEmptyLine(part: Uint8Array): number {
  for (let at = 0; at < part.length;) {
    const lf = part.indexOf(10, at);
    if (lf < 0) return part.length;
    if (lf === at || (lf === at + 1 && part[at] === 13)) return lf + 1;
    at = lf + 1;
  }
  return part.length;
}

/** Groups of fields separated by empty lines (RFC 3464 §2.1). */
function blocks(body: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let start = 0; start < body.length;) {
    const length = afterEmptyLine(body.subarray(start));
    if (length > 2) found.push(body.subarray(start, start + length));
    start += length;
  }
  return found;
}
