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

/** Returns SCRAM (RFC 5802 §3 and §5; SHA-256: RFC 7677 §3) with `hash`; `isPlus` for the name that ends in -PLUS. */
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
    // RFC 5802 §5.1: the server MUST verify that the nonce is the one it sent.
    if (final === null || final.nonce !== nonce) {
      return failed('protocol', 'bad SCRAM client-final message', first.login);
    }
    if (!equalInConstantTime(final.binding, bindingInput(first.gs2Header, binding))) {
      return failed('channelBinding', 'channel binding does not match: somebody may be between us', first.login);
    }
    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
    const isOwn = isProofRight(final, keys, authMessage, hash);
    // All are tried, so that the time does not tell which one was right.
    const [app] = (keys.appPasswords ?? []).filter((candidate) => isProofRight(final, candidate, authMessage, hash));
    // What was proved are the keys that were read before, though the password may have been changed since.
    const own = isOwn ? (keys.identity ?? (await options.store.identify(first.login))) : null;
    const identity = own ?? app?.identity ?? null;
    const { serverKey } = isOwn ? keys : (app ?? keys);
    const verifier = writeUtf8(`v=${encodeBase64Text(hmac(hash, serverKey, authMessage))}`);
    return authorize(options.store, first.login, first.authorizationId, identity, verifier);
  };
}

/** Returns the binding data that this exchange must prove, empty for a client without binding; or the failure (RFC 5802 §6). */
function chooseBinding(
  { binding, login }: ClientFirst,
  isPlus: boolean,
  { bindings, plusOffered, allowBindingWithoutPlus = false }: SaslServerOptions,
): Uint8Array | SaslServerEnd {
  // RFC 5802 §6: a "y" from a client although -PLUS was offered MUST fail: a downgrade attack.
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

/** Reports whether the proof is right: RFC 5802 §3 recovers ClientKey from it, whose hash must be StoredKey. */
function isProofRight(
  final: ClientFinal,
  { storedKey }: Pick<ScramKeys, 'storedKey'>,
  authMessage: string,
  hash: ScramHash,
): boolean {
  const signature = hmac(hash, storedKey, authMessage);
  if (final.proof.length !== signature.length) return false;
  return equalInConstantTime(digest(hash, xor(final.proof, signature)), storedKey);
}
