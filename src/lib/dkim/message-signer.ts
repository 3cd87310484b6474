import type { Domain } from '#lib/domain';
import { HeaderField, parseHeader } from '#lib/message';
import { type BodyHash, BodyHasher } from './body-hash.ts';
import type { Canonicalizations } from './canonicalization.ts';
import { writeDkimQuotedPrintable } from './dkim-quoted-printable.ts';
import { chooseHeaders, recommendedHeaders, recommendedSeals } from './header-choice.ts';
import { HeaderCollector } from './header-collector.ts';
import { FieldsByName, headerInput } from './header-input.ts';
import { type DkimLimits, defaultDkimLimits } from './limits.ts';
import type { Sign } from './private-key.ts';
import type { AgentIdentity, SigningAlgorithm } from './signature.ts';
import { isWithin } from './signature-check.ts';
import { fillSignature, writeUnsigned } from './signature-writer.ts';

/** Settings of one signature. Omitted ones have defaults. */
export interface SigningKey {
  /** Argument of `Sign`. */
  readonly keyId: string;
  readonly algorithm: SigningAlgorithm;
  /** `d=`. */
  readonly domain: Domain;
  /** `s=`; from `parseDomain`. */
  readonly selector: Domain;
  /** Default relaxed for both. */
  readonly canonicalizations?: Canonicalizations;
  /** Names of fields to sign, any case; default `recommendedHeaders`. From is always signed (RFC 6376 §5.4: MUST). */
  readonly headers?: readonly string[];
  /** Names of fields to sign once more than they occur; default `recommendedSeals`. */
  readonly seals?: readonly string[];
  /** Seconds from signing to `x=`; null, the default, for none. At least 1. */
  readonly lifetimeS?: number | null;
  /** `i=`, whose domain is `domain` or below it (RFC 6376 §3.5: MUST); null, the default, for none. */
  readonly identity?: AgentIdentity | null;
}

/** Arguments of signing besides the message. */
export interface SignerOptions {
  readonly keys: readonly SigningKey[];
  readonly sign: Sign;
  /** Milliseconds since 1970, for `t=`. */
  readonly nowMs: number;
  readonly limits?: Partial<DkimLimits>;
}

/** Result of signing. */
export type SigningResult =
  /** DKIM-Signature fields to put before the message, each with CRLF, in the order of the keys; all ASCII. Empty without keys. */
  | { readonly kind: 'signed'; readonly fields: string }
  /** The message must not be signed; `reason` is a sentence for people. */
  | { readonly kind: 'unsignable'; readonly reason: string };

const bothRelaxed: Canonicalizations = { header: 'relaxed', body: 'relaxed' };
const encoder = new TextEncoder();

/**
 * Signs one message with any number of keys in one pass (RFC 6376 §5): `push` the message in its final form, in chunks of any size, then `finish`.
 * Keeps the header in memory, and nothing of the body. Equal input at equal times gives equal fields.
 */
export class MessageSigner {
  readonly #options: SignerOptions;
  readonly #limits: DkimLimits;
  readonly #header: HeaderCollector;
  readonly #body = new BodyHasher();
  readonly #wanted: { readonly key: SigningKey; readonly bodyHash: () => BodyHash }[];

  /** @throws RangeError for an identity that is not within its key's domain, and for a lifetime below a second. */
  constructor(options: SignerOptions) {
    this.#options = options;
    this.#limits = { ...defaultDkimLimits, ...options.limits };
    this.#header = new HeaderCollector(this.#limits.maxHeaderBytes);
    this.#wanted = options.keys.map((key) => {
      checkKey(key);
      return { key, bodyHash: this.#body.add((key.canonicalizations ?? bothRelaxed).body) };
    });
  }

  /** Keeps nothing of `chunk` after the call. */
  push(chunk: Uint8Array): void {
    if (this.#header.isEnded) this.#body.push(chunk);
    else {
      const headerBytes = this.#header.push(chunk);
      if (this.#header.isEnded) this.#body.push(chunk.subarray(headerBytes));
    }
  }

  /** Ends the message. Call it once. Rejects when `sign` does. */
  async finish(): Promise<SigningResult> {
    this.#body.finish();
    if (this.#header.isCut) return { kind: 'unsignable', reason: 'the header is too large to be signed' };
    const fields = new FieldsByName(parseHeader(this.#header.bytes));
    // RFC 6376 §5.4: From MUST be signed. With two of them it is unknown which one a reader sees (RFC 6376 §8.15).
    if (fields.count('from') !== 1) {
      return {
        kind: 'unsignable',
        reason: `the message has ${fields.count('from') === 0 ? 'no' : 'more than one'} From`,
      };
    }
    const jobs: { readonly key: SigningKey; readonly names: readonly string[]; readonly digest: Uint8Array }[] = [];
    for (const { key, bodyHash } of this.#wanted) {
      const { headers = recommendedHeaders, seals = recommendedSeals } = key;
      const names = chooseHeaders(fields, headers, seals, this.#limits.maxSignedFields);
      if (names === null) return { kind: 'unsignable', reason: 'the header has too many fields to be signed' };
      jobs.push({ key, names, digest: bodyHash().digest });
    }
    const signatures = await Promise.all(jobs.map(({ key, names, digest }) => this.#sign(key, fields, names, digest)));
    return { kind: 'signed', fields: signatures.join('') };
  }

  async #sign(key: SigningKey, fields: FieldsByName, names: readonly string[], bodyHash: Uint8Array): Promise<string> {
    const { canonicalizations = bothRelaxed, lifetimeS = null, identity = null } = key;
    const signedAtS = Math.floor(this.#options.nowMs / 1000);
    const unsigned = writeUnsigned({
      algorithm: key.algorithm,
      canonicalizations,
      domain: key.domain.ascii,
      selector: key.selector.ascii,
      identity: identity === null ? null : `${writeDkimQuotedPrintable(identity.localpart)}@${identity.domain.ascii}`,
      signedAtS,
      expiresAtS: lifetimeS === null ? null : signedAtS + Math.floor(lifetimeS),
      headerNames: names,
      bodyHash,
    });
    const bytes = encoder.encode(unsigned);
    const own = new HeaderField(bytes, 'dkim-signature', 0, unsigned.indexOf(':') + 1, bytes.length);
    const input = headerInput(fields.select(names, null), own, canonicalizations.header);
    return fillSignature(unsigned, await this.#options.sign(key.keyId, key.algorithm, input));
  }
}

function checkKey({ identity = null, domain, lifetimeS = null }: SigningKey): void {
  if (identity !== null && !isWithin(identity.domain, domain)) {
    throw new RangeError(`${identity.domain.ascii} is not within ${domain.ascii}`);
  }
  if (lifetimeS !== null && !(lifetimeS >= 1)) throw new RangeError(`bad lifetime ${lifetimeS}`);
}
