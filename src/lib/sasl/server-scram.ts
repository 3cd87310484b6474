import { encodeBase64Text } from '#lib/codecs';
import { type SaslServerEnd, type SaslServerOptions, type ServerMechanism, authorize, failed } from './exchange.ts';
import { type ScramHash, digest, hmac, xor } from './scram-keys.ts';
import {
  type ClientFinal,
  type ClientFirst,
  bindingData,
  bindingInput,
  checkedNonce,
  parseClientFinal,
  parseClientFirst,
} from './scram-messages.ts';
import { equalInConstantTime, nothing, writeUtf8 } from './text.ts';
import type { ScramKeys } from './types.ts';

/** SCRAM (RFC 5802 §3 and §5, RFC 7677) with `hash`; `isPlus` for the name that ends in -PLUS. */
export function scram(hash: ScramHash, isPlus: boolean): ServerMechanism {
  return async function* exchange(initial, options) {
    const first = parseClientFirst(initial ?? (yield nothing));
    if (first === null) return failed('protocol', 'bad SCRAM client-first message');
    const binding = chooseBinding(first, isPlus, options);
    if (!(binding instanceof Uint8Array)) return binding;

    const keys = await options.store.scramKeys(first.login, hash);
    const nonce = first.nonce + checkedNonce(options.nonce());
    const serverFirst = `r=${nonce},s=${encodeBase64Text(keys.salt)},i=${keys.iterations}`;
    const final = parseClientFinal(yield writeUtf8(serverFirst));
    if (final === null || final.nonce !== nonce) {
      return failed('protocol', 'bad SCRAM client-final message', first.login);
    }
    if (!equalInConstantTime(final.binding, bindingInput(first.gs2Header, binding))) {
      return failed('channelBinding', 'channel binding does not match: somebody may be between us', first.login);
    }
    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
    const isRight = isProofRight(final, keys, authMessage, hash);
    const identity = isRight ? await options.store.identify(first.login) : null;
    const verifier = writeUtf8(`v=${encodeBase64Text(hmac(hash, keys.serverKey, authMessage))}`);
    return authorize(options.store, first.login, first.authorizationId, identity, verifier);
  };
}

/** The binding data that this exchange must prove, none for a client that does not bind; or why it cannot go on (RFC 5802 §6). */
function chooseBinding(
  { binding, login }: ClientFirst,
  isPlus: boolean,
  { bindings, plusOffered, allowBindingWithoutPlus = false }: SaslServerOptions,
): Uint8Array | SaslServerEnd {
  if (binding.flag === 'y' && (plusOffered || isPlus)) {
    return failed('channelBinding', 'client saw no -PLUS mechanism although there is one: downgrade', login);
  }
  if (binding.flag !== 'p') {
    return isPlus ? failed('protocol', '-PLUS mechanism without channel binding', login) : nothing;
  }
  if (!isPlus && !allowBindingWithoutPlus) {
    return failed('channelBinding', 'channel binding needs the -PLUS form of the mechanism', login);
  }
  const data = bindingData(bindings, binding.name);
  return data ?? failed('channelBinding', 'channel binding type not available on this connection', login);
}

/** RFC 5802 §3: ClientKey is recovered from the proof, and its hash must be the stored one. */
function isProofRight(final: ClientFinal, keys: ScramKeys, authMessage: string, hash: ScramHash): boolean {
  const signature = hmac(hash, keys.storedKey, authMessage);
  if (final.proof.length !== signature.length) return false;
  return equalInConstantTime(digest(hash, xor(final.proof, signature)), keys.storedKey);
}
