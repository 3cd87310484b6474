import { decodeSaslName, encodeSaslName } from './scram-messages.ts';
import { readUtf8, writeUtf8 } from './text.ts';

/** Message of a client in OAUTHBEARER or XOAUTH2. */
export interface TokenMessage {
  /** Login name of the mail's owner; empty when the client leaves that to the token. */
  readonly login: string;
  /** Empty when the client only asks what kind of token is wanted (RFC 7628 §4.3). */
  readonly token: string;
  /** The server that the client means to talk to; null when it does not say. */
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

/** The answer to an error of OAUTHBEARER, so that the server can end the exchange (RFC 7628 §3.2.3). */
export const dummyResponse = writeUtf8('\x01');

/** Writes the message of OAUTHBEARER (RFC 7628 §3.1). */
export function writeOauthBearer({ login, token, host, port }: TokenMessage): Uint8Array {
  const authorizationId = login === '' ? '' : `a=${encodeSaslName(login)}`;
  const place = `${host === null ? '' : `host=${host}\x01`}${port === null ? '' : `port=${port}\x01`}`;
  return writeUtf8(`n,${authorizationId},\x01${place}auth=Bearer ${token}\x01\x01`);
}

// RFC 5801 §4. The example of RFC 7628 §4.4 writes `user=` for `a=`, and clients were made after it.
const gs2Form = /^[ny],(?:(?:a|user)=((?:[^\0,=]|=2C|=3D)+))?,$/;

/** Parses the message of OAUTHBEARER; null when malformed. Keys that we do not know are passed over (RFC 7628 §3.1). */
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

/** Fields that ^A ends, of a message that another ^A ends; null when malformed. */
function fieldsOf(bytes: Uint8Array): readonly string[] | null {
  const text = readUtf8(bytes);
  return text?.endsWith('\x01\x01') === true ? text.slice(0, -2).split('\x01') : null;
}

/** The token of `Bearer TOKEN`, empty when there is none; null for other schemes and what RFC 6750 §2.1 does not allow. */
function tokenOf(auth: string | undefined): string | null {
  if (auth === '') return '';
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(auth ?? '')?.[1] ?? null;
}

/** Writes what is wrong with a token as JSON (RFC 7628 §3.2.2). */
export function writeTokenError({ status, scope, openidConfiguration }: TokenError): Uint8Array {
  const optional = {
    ...(scope !== undefined && { scope }),
    ...(openidConfiguration !== undefined && { 'openid-configuration': openidConfiguration }),
  };
  return writeUtf8(JSON.stringify({ status, ...optional }));
}

/** Parses what a server says about a token; null when it is not what RFC 7628 §3.2.2 describes. Texts are made fit for logs. */
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

/** One line for people about a token that a server did not take. */
export function describeTokenError(bytes: Uint8Array): string {
  const error = parseTokenError(bytes);
  if (error === null) return 'server refuses the token without saying why';
  const meaning = Object.hasOwn(meanings, error.status) ? `: it is ${meanings[error.status]}` : '';
  const scope = error.scope === undefined ? '' : `; tokens need the scope ${error.scope}`;
  return `server refuses the token (${error.status})${meaning}${scope}`;
}
