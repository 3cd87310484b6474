import { decodeSaslName, encodeSaslName } from './scram-messages.ts';
import { readUtf8, writeUtf8 } from './text.ts';

/** Message of a client in OAUTHBEARER or XOAUTH2. */
export interface TokenMessage {
  /** Login name; empty when the token determines the user. */
  readonly login: string;
  /** Empty when the client only asks for the kind of token that is needed (RFC 7628 §4.3). */
  readonly token: string;
  /** Server that the client intends to reach; null when it does not give it. */
  readonly host: string | null;
  readonly port: number | null;
}

/** Error of a server about a token that it refuses (RFC 7628 §3.2.2). */
export interface TokenError {
  /** Such as `invalid_token` (RFC 6750 §3.1); Google and Microsoft write a status code of HTTP. */
  readonly status: string;
  readonly scope?: string;
  /** URL of the discovery document. */
  readonly openidConfiguration?: string;
}

/** Response to an error of OAUTHBEARER, after which the server ends the exchange (RFC 7628 §3.2.3). */
export const dummyResponse = writeUtf8('\x01');

/** Writes the message of OAUTHBEARER (RFC 7628 §3.1). */
export function writeOauthBearer({ login, token, host, port }: TokenMessage): Uint8Array {
  const authorizationId = login === '' ? '' : `a=${encodeSaslName(login)}`;
  const place = `${host === null ? '' : `host=${host}\x01`}${port === null ? '' : `port=${port}\x01`}`;
  return writeUtf8(`n,${authorizationId},\x01${place}auth=Bearer ${token}\x01\x01`);
}

// RFC 5801 §4. The example of RFC 7628 §4.4 writes `user=` for `a=`, and some clients follow it.
const gs2Form = /^[ny],(?:(?:a|user)=((?:[^\0,=]|=2C|=3D)+))?,$/;

/** Parses the message of OAUTHBEARER; null when malformed. Unknown keys MUST be ignored (RFC 7628 §3.1). */
export function parseOauthBearer(bytes: Uint8Array): TokenMessage | null {
  const fields = fieldsOf(bytes);
  const header = gs2Form.exec(fields?.[0] ?? '');
  if (fields === null || header === null) return null;
  const values = new Map<string, string>();
  for (const field of fields.slice(1)) {
    const [, key = '', value = ''] = /^([A-Za-z]+)=([^\0]*)$/.exec(field) ?? [];
    if (key === '' || values.has(key)) return null;
    values.set(key, value);
  }
  const token = tokenOf(values.get('auth'));
  const port = values.get('port') ?? null;
  if (token === null || (port !== null && !/^[1-9]\d{0,4}$/.test(port))) return null;
  const login = decodeSaslName(header[1] ?? '');
  return { login, token, host: values.get('host') ?? null, port: port === null ? null : Number(port) };
}

/** Writes the message of XOAUTH2: `user=` login, ^A, `auth=Bearer ` token, ^A, ^A. */
export function writeXoauth2({ login, token }: TokenMessage): Uint8Array {
  return writeUtf8(`user=${login}\x01auth=Bearer ${token}\x01\x01`);
}

/** Parses the message of XOAUTH2; null when malformed. */
export function parseXoauth2(bytes: Uint8Array): TokenMessage | null {
  const [user, auth, ...more] = fieldsOf(bytes) ?? [];
  const login = /^user=([^\0]+)$/.exec(user ?? '')?.[1];
  const token = auth?.startsWith('auth=') === true ? tokenOf(auth.slice(5)) : null;
  return login === undefined || token === null || more.length > 0 ? null : { login, token, host: null, port: null };
}

/** Splits a message into its fields, each ended by ^A, with another ^A at the end (RFC 7628 §3.1); null when malformed. */
function fieldsOf(bytes: Uint8Array): readonly string[] | null {
  const text = readUtf8(bytes);
  return text?.endsWith('\x01\x01') === true ? text.slice(0, -2).split('\x01') : null;
}

/** Returns the token of `Bearer TOKEN`, empty when there is none; null for other schemes and tokens outside RFC 6750 §2.1. */
function tokenOf(auth: string | undefined): string | null {
  if (auth === '') return '';
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(auth ?? '')?.[1] ?? null;
}

/** Formats the error about a token as JSON (RFC 7628 §3.2.2). */
export function writeTokenError({ status, scope, openidConfiguration }: TokenError): Uint8Array {
  const optional = {
    ...(scope !== undefined && { scope }),
    ...(openidConfiguration !== undefined && { 'openid-configuration': openidConfiguration }),
  };
  return writeUtf8(JSON.stringify({ status, ...optional }));
}

/** Parses a server's error about a token (RFC 7628 §3.2.2); null when malformed. Texts are sanitized for logs. */
function parseTokenError(bytes: Uint8Array): TokenError | null {
  const value = parseJson(readUtf8(bytes) ?? '');
  if (typeof value !== 'object' || value === null) return null;
  const status = textOf(value, 'status');
  if (status === undefined) return null;
  const scope = textOf(value, 'scope');
  const openidConfiguration = textOf(value, 'openid-configuration');
  return {
    status,
    ...(scope !== undefined && { scope }),
    ...(openidConfiguration !== undefined && { openidConfiguration }),
  };
}

const maxWordChars = 200;

function textOf(value: object, key: string): string | undefined {
  const text: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  if (typeof text !== 'string' && typeof text !== 'number') return undefined;
  const clean = String(text)
    .slice(0, maxWordChars)
    .replace(/[^ -~]/g, '?');
  return clean === '' ? undefined : clean;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

const meanings: Readonly<Record<string, string>> = {
  invalid_token: 'expired, revoked, or made for another service',
  insufficient_scope: 'without the permission that is needed here',
  invalid_request: 'or the request around it is malformed',
  '400': 'malformed, or not for this user',
  '401': 'expired, revoked, or made for another service',
  '403': 'without the permission that is needed here',
};

/** Describes for people, in one line, why a server refused a token. */
export function describeTokenError(bytes: Uint8Array): string {
  const error = parseTokenError(bytes);
  if (error === null) return 'server refuses the token without saying why';
  const meaning = Object.hasOwn(meanings, error.status) ? `: it is ${meanings[error.status]}` : '';
  const scope = error.scope === undefined ? '' : `; tokens need the scope ${error.scope}`;
  return `server refuses the token (${error.status})${meaning}${scope}`;
}
