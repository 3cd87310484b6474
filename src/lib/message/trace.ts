import { writeDate } from './date.ts';
import { cleanText, foldField } from './header-writer.ts';

/** Contents of one Received field (RFC 5321 §4.4). */
export interface ReceivedTrace {
  readonly from: {
    /** Argument of the client's EHLO or HELO; hostile input, sanitized here. */
    readonly helo: string;
    /** Address of the client, IPv4 or IPv6 without brackets. */
    readonly ip: string;
    /** Name found by a reverse lookup, null when none. */
    readonly reverseName: string | null;
  };
  /** Our host name. */
  readonly by: string;
  /** Protocol as registered: `ESMTPS`, `UTF8SMTPSA` and so on (RFC 3848, RFC 6531 §4.3). */
  readonly with: string;
  /** Our id of the transaction or connection. */
  readonly id: string;
  /** TLS version and cipher suite, null in plaintext. */
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  /** The recipient without angle brackets; null when there are several, so that none is disclosed (RFC 5321 §7.2). */
  readonly for: string | null;
  /** Arguments of `writeDate`. */
  readonly date: { readonly ms: number; readonly offsetMinutes: number };
}

/** Writes a Received field with CRLF (RFC 5321 §4.4). */
export function writeReceived(trace: ReceivedTrace): string {
  const ip = trace.from.ip.includes(':') ? `IPv6:${trace.from.ip}` : trace.from.ip;
  const reverse = trace.from.reverseName === null ? '' : `${harmless(trace.from.reverseName)} `;
  const pieces = [` from ${harmless(trace.from.helo) || 'unknown'}`, ` (${reverse}[${harmless(ip)}])`];
  pieces.push(` by ${harmless(trace.by)}`, ` with ${harmless(trace.with)}`);
  if (trace.tls !== null) pieces.push(` (${harmless(trace.tls.protocol)} ${harmless(trace.tls.cipher)})`);
  pieces.push(` id ${harmless(trace.id)}`);
  if (trace.for !== null) pieces.push(` for <${harmlessPath(trace.for)}>`);
  const last = pieces.pop() ?? '';
  return foldField('Received', [...pieces, `${last};`, ` ${writeDate(trace.date.ms, trace.date.offsetMinutes)}`]);
}

/** Writes the Return-Path of final delivery (RFC 5321 §4.4) with CRLF; `path` has no angle brackets, empty for the null sender. */
export function writeReturnPath(path: string): string {
  return `Return-Path: <${harmlessPath(path)}>\r\n`;
}

/** Formats Delivered-To (RFC 9228 §4) with CRLF; `address` has no angle brackets. */
export function writeDeliveredTo(address: string): string {
  return `Delivered-To: ${harmlessPath(address)}\r\n`;
}

/** Limits text to 255 characters (RFC 5321 §4.5.3.1.2) and replaces those that end a word or open a comment. */
function harmless(text: string): string {
  return cleanText(text)
    .slice(0, 255)
    .replace(/[\s()<>@,;\\"]/g, '?');
}

function harmlessPath(text: string): string {
  return cleanText(text).replace(/[<>]/g, '?');
}
