import { parseAddress, writeAddress } from '#lib/address';
import { decodePercent } from '#lib/codecs';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { defaultLimits, type TlsrptLimits } from './limits.ts';

/** Address for reports (RFC 8460 §3). */
export type ReportUri =
  | { readonly kind: 'mailto'; /** As `writeAddress` writes it, Unicode domain. */ readonly address: string }
  | { readonly kind: 'https'; readonly url: string };

/** A TXT record that requests reports. */
export interface TlsrptRecord {
  /** At least one. */
  readonly rua: readonly ReportUri[];
}

/** Returns the DNS name at which a domain (A-labels) requests reports (RFC 8460 §3). */
export function tlsrptRecordName(domain: string): string {
  return `_smtp._tls.${domain}`;
}

const versionPattern = /^v=TLSRPTv1[ \t]*(?:;|$)/;
const extensionPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+$/;
const uriPattern = /^[A-Za-z][A-Za-z0-9+.-]*:[\x22-\x2b\x2d-\x3a\x3c-\x7e]+$/;

/**
 * Parses one TXT record. Refuses malformed ones and those without a usable URI. Unknown fields SHALL be ignored (RFC 8460 §3); URIs of other
 * schemes and invalid URIs are ignored, too; of a repeated field the first is used.
 */
export function parseTlsrptRecord(text: string, limits: TlsrptLimits = defaultLimits): Parsed<TlsrptRecord> {
  if (text.length > limits.maxRecordChars) return refused(limits.maxRecordChars, 'record too long');
  if (!versionPattern.test(text)) return refused(0, 'v=TLSRPTv1 expected');
  let rua: readonly ReportUri[] | null = null;
  let at = text.indexOf(';') + 1;
  while (at > 0 && at < text.length) {
    const end = text.indexOf(';', at);
    const field = text.slice(at, end < 0 ? undefined : end).trim();
    if (field === '' && end < 0) break;
    if (field.startsWith('rua=')) {
      const uris = field
        .slice(4)
        .split(',')
        .map((uri) => uri.trim());
      if (!uris.every((uri) => uriPattern.test(uri))) return refused(at, 'rua is not a list of URIs');
      rua ??= uris.flatMap((uri) => readUri(uri) ?? []).slice(0, limits.maxUris);
    } else if (!extensionPattern.test(field)) return refused(at, 'name=value expected');
    at = end + 1;
  }
  if (rua === null) return refused(text.length, 'the record has no rua');
  return rua.length === 0 ? refused(text.length, 'the record has no usable mailto or https URI') : parsed({ rua });
}

function readUri(uri: string): ReportUri | null {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon).toLowerCase();
  if (scheme === 'https') return URL.canParse(uri) ? { kind: 'https', url: new URL(uri).href } : null;
  if (scheme !== 'mailto') return null;
  // RFC 6068 §2: header fields follow the question mark; reports have their own.
  const [encoded = ''] = uri.slice(colon + 1).split('?');
  const address = parseAddress(new TextDecoder().decode(decodePercent(new TextEncoder().encode(encoded))));
  return address.ok ? { kind: 'mailto', address: writeAddress(address.value, 'unicode') } : null;
}

/** Formats the TXT record. @throws RangeError for no URIs, or one that does not match its kind. */
export function writeTlsrptRecord({ rua }: TlsrptRecord): string {
  if (rua.length === 0) throw new RangeError('a TLSRPT record without URIs');
  return `v=TLSRPTv1; rua=${rua.map(writeUri).join(',')}`;
}

function writeUri(uri: ReportUri): string {
  const text = uri.kind === 'https' ? uri.url : `mailto:${encodeURIComponent(uri.address).replaceAll('%40', '@')}`;
  // RFC 8460 §3: characters that separate fields and URIs are encoded.
  const written = text.replace(/[,!;]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  if (!uriPattern.test(written) || readUri(written)?.kind !== uri.kind) throw new RangeError(`bad report URI ${text}`);
  return written;
}

/**
 * Chooses the record among the TXT records of `tlsrptRecordName`. Records with another version are discarded. Refuses none and several:
 * senders MUST then assume that no reports are requested (RFC 8460 §3).
 */
export function chooseTlsrptRecord(
  texts: readonly string[],
  limits: TlsrptLimits = defaultLimits,
): Parsed<TlsrptRecord> {
  const [only, ...more] = texts.filter((text) => versionPattern.test(text));
  if (only === undefined) return refused(0, 'no TLSRPT record');
  if (more.length > 0) return refused(0, `${more.length + 1} TLSRPT records in place of one`);
  return parseTlsrptRecord(only, limits);
}
