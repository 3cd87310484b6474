import { encodeBase64url, joinBytes, parseBase64url } from '#lib/codecs';
import type { SenderKeys } from './encrypt-message.ts';

/** Key of an application server (RFC 8292 §2): a private key on P-256 as JWK (RFC 7518 §6.2). */
export interface VapidKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** Returns the public key as RFC 8292 §3.2 and RFC 9749 §3 have it: uncompressed, in base64url. */
export function vapidPublicKey({ x, y }: VapidKey): string {
  const [first, second] = [parseBase64url(x), parseBase64url(y)];
  if (!first.ok || !second.ok) throw new Error('the VAPID key is damaged');
  return encodeBase64url(joinBytes([Uint8Array.of(4), first.value, second.value]));
}

/** Claims of a signature (RFC 8292 §2). */
export interface VapidClaims {
  /** Origin of the push service, such as `https://push.example`. */
  readonly audience: string;
  /** Seconds since 1970; at most a day from now. */
  readonly expires: number;
  /** Address to reach the operator: a `mailto:` or `https:` URI (RFC 8292 §2.1). */
  readonly contact: string;
}

/** Returns the value of the field `Authorization` with which an application server names itself (RFC 8292 §3). */
export async function vapidAuthorization(key: VapidKey, { audience, expires, contact }: VapidClaims): Promise<string> {
  const encode = (value: object): string => encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));
  const signed = `${encode({ typ: 'JWT', alg: 'ES256' })}.${encode({ aud: audience, exp: expires, sub: contact })}`;
  const signer = await crypto.subtle.importKey('jwk', { ...key }, algorithm, false, ['sign']);
  const bytes = new TextEncoder().encode(signed);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signer, bytes);
  return `vapid t=${signed}.${encodeBase64url(new Uint8Array(signature))}, k=${vapidPublicKey(key)}`;
}

/** Makes a new key. */
export async function makeVapidKey(): Promise<VapidKey> {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { x, y, d } = await crypto.subtle.exportKey('jwk', privateKey);
  if (x === undefined || y === undefined || d === undefined) throw new Error('a key without coordinates');
  return { kty: 'EC', crv: 'P-256', x, y, d };
}

/** Makes a key pair for one message (RFC 8291 §3.1). */
export async function makeSenderKeys(): Promise<SenderKeys> {
  return await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
}
