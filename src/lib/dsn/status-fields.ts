import { fieldText, findField, parseHeader, type HeaderField } from '#lib/message';
import { clean, readTypedAddress } from './address-type.ts';
import type { DsnLimits } from './limits.ts';
import { readReply } from './smtp-reply.ts';
import type { DsnAction, ParsedDsnRecipient } from './types.ts';

/** Fields of a delivery-status part. */
export interface StatusFields {
  readonly reportingMta: string | null;
  readonly envelopeId: string | null;
  /** Message-ID of the original from fields outside the standard, such as X-Original-Message-ID; null when there is none. */
  readonly messageId: string | null;
  readonly recipients: readonly ParsedDsnRecipient[];
}

const actions: ReadonlySet<string> = new Set<DsnAction>(['failed', 'delayed', 'delivered', 'relayed', 'expanded']);

/** Parses the decoded body of a (global-)delivery-status part (RFC 3464 §2.1). Linear in its length. */
export function readStatusFields(body: Uint8Array, limits: DsnLimits): StatusFields {
  const recipients: ParsedDsnRecipient[] = [];
  let reportingMta: string | null = null;
  let envelopeId: string | null = null;
  let messageId: string | null = null;
  for (const fields of groups(body)) {
    reportingMta ??= afterType(text(fields, 'reporting-mta', limits));
    envelopeId ??= text(fields, 'original-envelope-id', limits);
    messageId ??= text(fields, 'x-original-message-id', limits) ?? text(fields, 'original-message-id', limits);
    for (const one of perRecipient(fields)) {
      if (recipients.length === limits.maxRecipients) return { reportingMta, envelopeId, messageId, recipients };
      recipients.push(readRecipient(one, limits));
    }
  }
  return { reportingMta, envelopeId, messageId, recipients };
}

function readRecipient(fields: readonly HeaderField[], limits: DsnLimits): ParsedDsnRecipient {
  const original = text(fields, 'original-recipient', limits);
  const action = /^[a-z]+/.exec(text(fields, 'action', limits)?.toLowerCase() ?? '')?.[0] ?? '';
  const code = text(fields, 'diagnostic-code', limits, limits.maxDiagnosticChars);
  const diagnostic = afterType(code);
  // Some software leaves out the type that RFC 3464 §2.3.6 requires.
  const isSmtp = code !== null && (/^smtp\s*;/i.test(code) || diagnostic === code);
  return {
    finalRecipient: readTypedAddress(text(fields, 'final-recipient', limits) ?? ''),
    originalRecipient: original === null ? null : readTypedAddress(original),
    action: isAction(action) ? action : null,
    status: /^[245]\.\d{1,3}\.\d{1,3}(?!\d)/.exec(text(fields, 'status', limits) ?? '')?.[0] ?? null,
    remoteMta: afterType(text(fields, 'remote-mta', limits)),
    diagnostic,
    ...readReply(isSmtp ? diagnostic : null),
  };
}

function isAction(text: string): text is DsnAction {
  return actions.has(text);
}

function text(
  fields: readonly HeaderField[],
  name: string,
  limits: DsnLimits,
  maxChars: number = limits.maxFieldChars,
): string | null {
  const field = findField(fields, name);
  return field === null ? null : clean(fieldText(field)).slice(0, maxChars);
}

/** Returns the text after `type;`, or all of it when there is no type. */
function afterType(value: string | null): string | null {
  return value === null ? null : value.replace(/^[\w.-]{1,40}\s{0,10};/, '').trim();
}

/**
 * Splits a group into the fields of each recipient. RFC 3464 §2.1 has an empty line before each; where it is missing, a repeated field
 * begins the next recipient. Empty for the group about the message.
 */
function perRecipient(fields: readonly HeaderField[]): readonly (readonly HeaderField[])[] {
  const found: HeaderField[][] = [];
  let names = new Set<string>();
  let current: HeaderField[] = [];
  const close = (): void => {
    if (names.has('final-recipient') || names.has('action')) found.push(current);
    names = new Set();
    current = [];
  };
  for (const field of fields) {
    const { name } = field;
    const isMark = name === 'final-recipient' || name === 'original-recipient' || name === 'action';
    // RFC 3464 §2.3.1 has Original-Recipient first, though many write it after Final-Recipient.
    if (isMark && (names.has(name) || (name === 'original-recipient' && names.has('action')))) close();
    names.add(name);
    current.push(field);
  }
  close();
  return found;
}

/** Groups of fields, separated by empty lines (RFC 3464 §2.1). */
function* groups(body: Uint8Array): Generator<HeaderField[]> {
  for (let start = 0; start < body.length;) {
    const length = afterEmptyLine(body.subarray(start));
    if (length > 2) yield parseHeader(body.subarray(start, start + length));
    start += length;
  }
}

/** Returns the offset after the first empty line. */
function afterEmptyLine(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const lf = bytes.indexOf(10, at);
    if (lf < 0) return bytes.length;
    if (lf === at || (lf === at + 1 && bytes[at] === 13)) return lf + 1;
    at = lf + 1;
  }
  return bytes.length;
}
