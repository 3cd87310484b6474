import { parseHeader, textOf } from '#lib/message';
import type { HeaderField } from '#lib/message';
import { clean } from './address-type.ts';
import type { DsnLimits } from './limits.ts';
import { readReply } from './smtp-reply.ts';
import type { ParsedDsnRecipient } from './types.ts';

/** Contents of a bounce of qmail. */
export interface Qsbmf {
  readonly reportingMta: string | null;
  readonly recipients: readonly ParsedDsnRecipient[];
  /** Header of the original. */
  readonly original: readonly HeaderField[];
}

/**
 * Parses the plain text of a bounce of qmail and its relatives, the "qmail-send bounce message format": a first paragraph that begins with
 * `Hi. This is the`, a paragraph for each recipient that begins with its address, a line of dashes, and the original.
 * The format has only failures. Returns null for any other text.
 */
export function readQsbmf(body: Uint8Array, limits: DsnLimits): Qsbmf | null {
  const text = textOf(body.subarray(0, limits.maxBounceTextBytes)).replaceAll('\r\n', '\n').trimStart();
  if (!text.startsWith('Hi. This is the ')) return null;
  const end = /\n\n-[^\n]*\n+/.exec(text);
  const paragraphs = text.slice(0, end?.index).split(/\n{2,}/);
  const recipients = paragraphs
    .slice(1)
    .map((paragraph) => readRecipient(paragraph, limits))
    .filter((one) => one !== null)
    .slice(0, limits.maxRecipients);
  if (recipients.length === 0) return null;
  return {
    reportingMta: / at ([\w.-]{1,255}?)\.?$/m.exec(paragraphs[0]?.slice(0, 400) ?? '')?.[1] ?? null,
    recipients,
    original: end === null ? [] : parseHeader(new TextEncoder().encode(text.slice(end.index + end[0].length))),
  };
}

function readRecipient(paragraph: string, limits: DsnLimits): ParsedDsnRecipient | null {
  const first = /^<([^\n]{1,1024})>:(?:\n|$)/.exec(paragraph);
  if (first === null) return null;
  const [line, address = ''] = first;
  const said = paragraph.slice(line.length, line.length + limits.maxDiagnosticChars);
  const reply = /^Remote host said: ([^\n]*)/m.exec(said)?.[1] ?? null;
  const codes = readReply(reply);
  return {
    finalRecipient: clean(address),
    originalRecipient: null,
    action: 'failed',
    status: codes.smtpStatus ?? /\(#([45]\.\d{1,3}\.\d{1,3})\)/.exec(said)?.[1] ?? '5.0.0',
    remoteMta: /^([\w.:[\]-]{1,255}) (?:does not like|failed after)/m.exec(said)?.[1] ?? null,
    diagnostic: clean(reply ?? said).trim(),
    ...codes,
  };
}
