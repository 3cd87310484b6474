import { parseBase64 } from '#lib/codecs';

/** Name and password of a request. */
export interface Basic {
  readonly scheme: 'basic';
  readonly login: string;
  readonly password: string;
}

/** Token of a request. */
export interface Bearer {
  readonly scheme: 'bearer';
  readonly token: string;
}

/** An Authorization field. */
type Authorization = Basic | Bearer | { readonly scheme: 'malformedToken' } | { readonly scheme: 'other' };

/** Parses an Authorization field: Basic (RFC 7617 §2), where the name ends at the first colon, or Bearer (RFC 6750 §2.1). */
export function parseAuthorization(field: string): Authorization {
  const encoded = /^basic +([\w+/=]+) *$/i.exec(field)?.[1];
  if (encoded !== undefined) return parseBasic(encoded) ?? { scheme: 'other' };
  if (!/^bearer(?: |$)/i.test(field)) return { scheme: 'other' };
  const token = /^bearer +([\w.~+/-]+=*) *$/i.exec(field)?.[1];
  return token === undefined ? { scheme: 'malformedToken' } : { scheme: 'bearer', token };
}

function parseBasic(encoded: string): Basic | null {
  const bytes = parseBase64(encoded);
  if (!bytes.ok) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.value);
    const colon = text.indexOf(':');
    if (colon < 0) return null;
    return { scheme: 'basic', login: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return null;
  }
}
