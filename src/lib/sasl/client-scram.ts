import { encodeBase64Text, parseBase64 } from '#lib/codecs';
import { type SaslClientOptions, passwordOf } from './client-options.ts';
import { saslLimits } from './limits.ts';
import { type ScramHash, clientScramKeys, hmac, xor } from './scram-keys.ts';
import {
  type ServerFirst,
  bindingData,
  bindingInput,
  bindingNames,
  checkedNonce,
  encodeSaslName,
  parseServerFirst,
} from './scram-messages.ts';
import { equalInConstantTime, nothing, readUtf8, writeUtf8 } from './text.ts';
import type { MechanismName } from './mechanisms.ts';
import type { SaslClient, SaslClientStep } from './types.ts';

/** Progress of the exchange. */
type State =
  | { readonly kind: 'start' }
  | { readonly kind: 'first sent' }
  | { readonly kind: 'proof sent'; readonly serverSignature: Uint8Array }
  | { readonly kind: 'verified' }
  | { readonly kind: 'failed' };

/** SCRAM (RFC 5802 §3 and §5; SHA-256: RFC 7677 §3) with `hash`. */
export class ScramClient implements SaslClient {
  readonly mechanism: MechanismName;
  readonly #hash: ScramHash;
  readonly #options: SaslClientOptions;
  readonly #nonce: string;
  readonly #gs2Header: string;
  readonly #bindingInput: Uint8Array;
  readonly #bare: string;
  #state: State = { kind: 'start' };

  constructor(mechanism: MechanismName, hash: ScramHash, options: SaslClientOptions) {
    this.mechanism = mechanism;
    this.#hash = hash;
    this.#options = options;
    this.#nonce = checkedNonce(options.nonce());
    const { bindings, plusOffered, authorizationId = '', login } = options;
    const name = bindingNames.find((candidate) => bindingData(bindings, candidate) !== null);
    const isPlus = mechanism.endsWith('-PLUS');
    if (isPlus && name === undefined) throw new RangeError(`${mechanism} needs a channel binding`);
    // RFC 5802 §6: a client that supports channel binding MUST NOT send "n" when it saw no -PLUS; "y" reveals a downgrade to the server.
    const flag = isPlus ? `p=${name}` : name !== undefined && !plusOffered ? 'y' : 'n';
    this.#gs2Header = `${flag},${authorizationId === '' ? '' : `a=${encodeSaslName(authorizationId)}`},`;
    const data = isPlus && name !== undefined ? bindingData(bindings, name) : null;
    this.#bindingInput = bindingInput(this.#gs2Header, data ?? nothing);
    this.#bare = `n=${encodeSaslName(login)},r=${this.#nonce}`;
  }

  initial(): Uint8Array {
    this.#state = { kind: 'first sent' };
    return writeUtf8(this.#gs2Header + this.#bare);
  }

  step(challenge: Uint8Array): SaslClientStep {
    if (challenge.length > saslLimits.maxMessageBytes) return this.#fail('server message too long');
    switch (this.#state.kind) {
      case 'start':
        return { kind: 'response', data: this.initial() };
      case 'first sent':
        return this.#prove(challenge);
      case 'proof sent': {
        // The profile has no data with success: the server's last message comes as a challenge, answered by nothing.
        const verdict = this.#verify(challenge, this.#state.serverSignature);
        return verdict.kind === 'done' ? { kind: 'response', data: nothing } : verdict;
      }
      default:
        return this.#fail('server asks for more than the mechanism has');
    }
  }

  finish(data: Uint8Array | null): SaslClientStep {
    if (this.#state.kind === 'verified' && (data === null || data.length === 0)) return { kind: 'done' };
    if (this.#state.kind === 'proof sent' && data !== null) return this.#verify(data, this.#state.serverSignature);
    return this.#fail('server reports success without proving that it knows the password');
  }

  #prove(challenge: Uint8Array): SaslClientStep {
    const text = readUtf8(challenge) ?? '';
    const error = serverError(text);
    if (error !== null) return this.#fail(error);
    const first = parseServerFirst(text);
    if (first === null) return this.#fail('bad SCRAM server-first message');
    const refusal = this.#refusal(first);
    if (refusal !== null) return this.#fail(refusal);
    const withoutProof = `c=${encodeBase64Text(this.#bindingInput)},r=${first.nonce}`;
    const authMessage = `${this.#bare},${text},${withoutProof}`;
    const keys = clientScramKeys(passwordOf(this.#options), first.salt, first.iterations, this.#hash);
    const proof = xor(keys.clientKey, hmac(this.#hash, keys.storedKey, authMessage));
    this.#state = { kind: 'proof sent', serverSignature: hmac(this.#hash, keys.serverKey, authMessage) };
    return { kind: 'response', data: writeUtf8(`${withoutProof},p=${encodeBase64Text(proof)}`) };
  }

  /** Checks the server's first message. Returns the reason to refuse it; null when it is acceptable. RFC 5802 §5.1: the nonce MUST begin with ours. */
  #refusal(first: ServerFirst): string | null {
    if (!first.nonce.startsWith(this.#nonce) || first.nonce.length === this.#nonce.length) {
      return 'server did not extend our nonce';
    }
    if (first.iterations < (this.#options.minIterations ?? saslLimits.minIterations)) return 'too few SCRAM iterations';
    return first.iterations > saslLimits.maxIterations ? 'too many SCRAM iterations' : null;
  }

  #verify(data: Uint8Array, serverSignature: Uint8Array): SaslClientStep {
    const text = readUtf8(data) ?? '';
    const error = serverError(text);
    if (error !== null) return this.#fail(error);
    const verifier = parseBase64(/^v=([A-Za-z0-9+/=]+)(?:,[A-Za-z]=[^\0,]+)*$/.exec(text)?.[1] ?? '');
    // RFC 5802 §5: when the server signature differs, the client MUST consider the exchange to be unsuccessful.
    if (!verifier.ok || !equalInConstantTime(verifier.value, serverSignature)) {
      return this.#fail('server does not know the password: it is not the one it claims to be');
    }
    this.#state = { kind: 'verified' };
    return { kind: 'done' };
  }

  #fail(reason: string): SaslClientStep {
    this.#state = { kind: 'failed' };
    return { kind: 'failure', reason };
  }
}

/** Returns the `server-error` (RFC 5802 §7) in `text`, sanitized for logs; null when there is none. */
function serverError(text: string): string | null {
  const error = /^e=([^\0,]{1,100})/.exec(text)?.[1];
  return error === undefined ? null : `server says ${error.replace(/[^ -~]/g, '?')}`;
}
