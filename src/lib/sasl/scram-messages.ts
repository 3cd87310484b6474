import { parseBase64 } from '#lib/codecs';
import { readUtf8 } from './text.ts';
import type { ChannelBindings } from './types.ts';

/** Names of supported channel bindings, best first: RFC 9266 §2, RFC 5929 §4.1. */
export const bindingNames = ['tls-exporter', 'tls-server-end-point'] as const;

/** Returns the channel binding data for the name that a client gave; null when unavailable. */
export function bindingData(bindings: ChannelBindings | null, name: string): Uint8Array | null {
  const known = bindingNames.find((candidate) => candidate === name);
  return known === undefined ? null : (bindings?.[known] ?? null);
}

/** client-first-message of RFC 5802 §7. */
export interface ClientFirst {
  /** As sent, with its last comma; it becomes part of cbind-input (RFC 5802 §7). */
  readonly gs2Header: string;
  /** `n`: no binding; `y`: the client supports it, but saw no -PLUS; otherwise the name of the binding (RFC 5802 §6). */
  readonly binding: { readonly flag: 'n' | 'y' } | { readonly flag: 'p'; readonly name: string };
  readonly authorizationId: string;
  readonly bare: string;
  readonly login: string;
  readonly nonce: string;
}

const clientFirst =
  /^((?:([ny])|p=([A-Za-z0-9.-]+)),(?:a=((?:[^\0,=]|=2C|=3D)+))?,)(n=((?:[^\0,=]|=2C|=3D)+),r=([!-+\--~]+)(?:,[A-Za-z]=[^\0,]+)*)$/;

/** Parses client-first-message; null when malformed, or when it has a mandatory extension (`m=`), of which there are none. */
export function parseClientFirst(bytes: Uint8Array): ClientFirst | null {
  const match = clientFirst.exec(readUtf8(bytes) ?? '');
  if (match === null) return null;
  const [, gs2Header = '', flag, name, authorizationId = '', bare = '', login = '', nonce = ''] = match;
  return {
    gs2Header,
    binding: name === undefined ? { flag: flag === 'y' ? 'y' : 'n' } : { flag: 'p', name },
    authorizationId: decodeSaslName(authorizationId),
    bare,
    login: decodeSaslName(login),
    nonce,
  };
}

/** server-first-message of RFC 5802 §7. */
export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

const serverFirst = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})(?:,[A-Za-z]=[^\0,]+)*$/;

/** Parses server-first-message; null when malformed. */
export function parseServerFirst(text: string): ServerFirst | null {
  const match = serverFirst.exec(text);
  const salt = parseBase64(match?.[2] ?? '');
  if (match === null || !salt.ok) return null;
  return { nonce: match[1] ?? '', salt: salt.value, iterations: Number(match[3]) };
}

/** client-final-message of RFC 5802 §7. */
export interface ClientFinal {
  readonly withoutProof: string;
  /** cbind-input, decoded. */
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
}

const clientFinal = /^(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)(?:,[A-Za-z]=[^\0,]+)*),p=([A-Za-z0-9+/=]+)$/;

/** Parses client-final-message; null when malformed. */
export function parseClientFinal(bytes: Uint8Array): ClientFinal | null {
  const match = clientFinal.exec(readUtf8(bytes) ?? '');
  const binding = parseBase64(match?.[2] ?? '');
  const proof = parseBase64(match?.[4] ?? '');
  if (match === null || !binding.ok || !proof.ok) return null;
  return { withoutProof: match[1] ?? '', binding: binding.value, nonce: match[3] ?? '', proof: proof.value };
}

/** Encodes a name as saslname (RFC 5802 §5.1): `=` and `,` become `=3D` and `=2C`. */
export function encodeSaslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

/** Decodes a saslname (RFC 5802 §5.1). */
export function decodeSaslName(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

/** Checks a nonce from our own caller (RFC 5802 §7: printable without commas). @throws RangeError when it is not that. */
export function checkedNonce(nonce: string): string {
  if (!/^[!-+\--~]+$/.test(nonce)) throw new RangeError('a SCRAM nonce must be printable ASCII without commas');
  return nonce;
}

/** Returns cbind-input (RFC 5802 §7): gs2-header, then the binding data. */
export function bindingInput(gs2Header: string, data: Uint8Array): Uint8Array {
  const header = new TextEncoder().encode(gs2Header);
  const input = new Uint8Array(header.length + data.length);
  input.set(header);
  input.set(data, header.length);
  return input;
}
