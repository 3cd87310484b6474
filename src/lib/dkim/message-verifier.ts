import { type HeaderField, parseHeader } from '#lib/message';
import { type BodyHash, BodyHasher } from './body-hash.ts';
import { HeaderCollector } from './header-collector.ts';
import { FieldsByName, headerInput, withoutSignatureValue } from './header-input.ts';
import { chooseKeys, type KeyAnswer, type KeyChoice, type LookupKey } from './key-choice.ts';
import { type DkimLimits, defaultDkimLimits } from './limits.ts';
import { verifySignature } from './public-key.ts';
import { parseSignature, type Signature } from './signature.ts';
import { type Candidate, checkSignature } from './signature-check.ts';
import { failure, type SignatureFailure, type SignatureResult, type Verification } from './verification.ts';

/** Arguments of verifying besides the message. */
export interface VerifierOptions {
  readonly lookupKey: LookupKey;
  /** Arrival of the message, milliseconds since 1970, which is compared with `x=` (RFC 6376 §3.5). */
  readonly nowMs: number;
  /** The caller's own rule: a reason gives the signature the status `policy`, before its key is looked up. */
  readonly refuse?: (signature: Signature) => string | null;
  readonly limits?: Partial<DkimLimits>;
  readonly signal?: AbortSignal;
}

/** An answer whose promise never rejects, so that it need not be awaited. */
type Settled = { readonly answer: KeyAnswer } | { readonly error: unknown };

/** A signature that is being verified. */
type Trial =
  | { readonly kind: 'done'; readonly signature: Signature | null; readonly failure: SignatureFailure }
  | {
      readonly kind: 'open';
      readonly candidate: Candidate;
      readonly field: HeaderField;
      readonly answer: Promise<Settled>;
      readonly bodyHash: () => BodyHash;
    };

/**
 * Verifies the DKIM signatures of one message in one pass (RFC 6376 §6.1): `push` the message in chunks of any size, then `finish`.
 * Keys are looked up as soon as the header is complete, all at once. Keeps the header in memory, and nothing of the body.
 */
export class MessageVerifier {
  readonly #options: VerifierOptions;
  readonly #limits: DkimLimits;
  readonly #header: HeaderCollector;
  readonly #body = new BodyHasher();
  readonly #answers = new Map<string, Promise<Settled>>();
  #fields: FieldsByName | null = null;
  #trials: Trial[] = [];
  #untriedSignatures = 0;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#limits = { ...defaultDkimLimits, ...options.limits };
    this.#header = new HeaderCollector(this.#limits.maxHeaderBytes);
  }

  /** Keeps nothing of `chunk` after the call. */
  push(chunk: Uint8Array): void {
    if (this.#fields !== null) {
      this.#body.push(chunk);
      return;
    }
    const headerBytes = this.#header.push(chunk);
    if (!this.#header.isEnded) return;
    this.#start();
    this.#body.push(chunk.subarray(headerBytes));
  }

  /** Ends the message. Call it once. Rejects only when the lookups do. */
  async finish(): Promise<Verification> {
    if (this.#fields === null) this.#start();
    this.#body.finish();
    const results: SignatureResult[] = [];
    for (const trial of this.#trials) {
      if (trial.kind === 'done') results.push({ ...trial.failure, signature: trial.signature, key: null });
      else results.push(await this.#judge(trial));
    }
    return { results, untriedSignatures: this.#untriedSignatures };
  }

  /** Begins verification when the header is complete. */
  #start(): void {
    const fields = parseHeader(this.#header.bytes);
    this.#fields = new FieldsByName(fields);
    const signatures = fields.filter(({ name }) => name === 'dkim-signature');
    const tried = signatures.slice(0, this.#limits.maxSignatures);
    this.#untriedSignatures = signatures.length - tried.length;
    this.#trials = tried.map((field) => this.#begin(field));
  }

  #begin(field: HeaderField): Trial {
    const tooLarge = this.#header.isCut
      ? 'the header'
      : field.end - field.start > this.#limits.maxSignatureBytes
        ? 'the field'
        : null;
    if (tooLarge !== null) return done(null, failure('policy', 'tooLarge', `${tooLarge} is too large to be verified`));
    const parsed = parseSignature(field);
    // RFC 6376 §6.1.1: any inconsistency MUST be PERMFAIL, which RFC 8601 §2.7.1 reports as neutral: signatures with syntax errors.
    if (!parsed.ok) return done(null, failure('neutral', 'syntax', `not a signature: ${parsed.reason}`));
    const signature = parsed.value;
    const candidate = checkSignature(signature, this.#options.nowMs);
    if ('status' in candidate) return done(signature, candidate);
    const refusal = this.#options.refuse?.(signature) ?? null;
    if (refusal !== null) return done(signature, failure('policy', 'refused', refusal));
    return {
      kind: 'open',
      candidate,
      field,
      answer: this.#lookUp(signature),
      bodyHash: this.#body.add(candidate.canonicalizations.body, signature.bodyLength ?? Infinity),
    };
  }

  #lookUp({ selector, domain }: Signature): Promise<Settled> {
    const key = `${selector.ascii} ${domain.ascii}`;
    let settled = this.#answers.get(key);
    if (settled === undefined) {
      settled = this.#options.lookupKey(selector.ascii, domain.ascii, this.#options.signal).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      this.#answers.set(key, settled);
    }
    return settled;
  }

  async #judge(trial: Extract<Trial, { kind: 'open' }>): Promise<SignatureResult> {
    const settled = await trial.answer;
    if ('error' in settled) throw settled.error;
    let first: SignatureResult | null = null;
    // RFC 6376 §6.1.2: where there are several keys, one that fits will do.
    for (const choice of chooseKeys(trial.candidate, settled.answer, this.#limits)) {
      const result = this.#tryKey(trial, choice);
      if (result.status === 'pass') return result;
      first ??= result;
    }
    if (first === null) throw new Error('no verdict on a signature');
    return first;
  }

  #tryKey({ candidate, field, bodyHash }: Extract<Trial, { kind: 'open' }>, choice: KeyChoice): SignatureResult {
    const { signature, algorithm, canonicalizations } = candidate;
    if (choice.kind === 'failure') return negative(choice.failure, signature, choice.facts);
    const tag = signature.tags.get('b');
    if (tag === undefined) throw new Error('a signature without b=');
    const selected = this.#fields?.select(signature.headerNames, field) ?? [];
    const input = headerInput(selected, withoutSignatureValue(field, tag), canonicalizations.header);
    const isHeaderIntact = verifySignature(algorithm, choice.key, input, signature.signature);
    const body = bodyHash();
    const bodyReason = bodyProblem(signature, body);
    if (bodyReason !== null) {
      const header = isHeaderIntact ? 'the signed header fields are intact' : 'the signature does not match either';
      return negative(failure('fail', 'bodyHash', `${bodyReason}; ${header}`), signature, choice.facts);
    }
    if (!isHeaderIntact) {
      const reason = 'the signature does not match: signed header fields were changed, or another key signed';
      return negative(failure('fail', 'signature', reason), signature, choice.facts);
    }
    const unsignedBodyBytes = Math.max(body.canonicalBytes - body.limit, 0);
    return { status: 'pass', signature, key: choice.facts, unsignedBodyBytes };
  }
}

function done(signature: Signature | null, why: SignatureFailure): Trial {
  return { kind: 'done', signature, failure: why };
}

/** Returns a negative result. RFC 6376 §3.6.1, `t=y`: a failure of a testing domain MUST be treated like no signature, which is neutral (RFC 8601 §2.7.1). */
function negative(why: SignatureFailure, signature: Signature, key: SignatureResult['key']): SignatureResult {
  if (key?.isTesting !== true) return { ...why, signature, key };
  return { ...why, status: 'neutral', reason: `${why.reason} (the domain is testing)`, signature, key };
}

function bodyProblem(signature: Signature, body: BodyHash): string | null {
  // RFC 6376 §3.5: l= MUST NOT be larger than the canonical body.
  if (signature.bodyLength !== null && signature.bodyLength > body.canonicalBytes) {
    return `the body was cut to ${body.canonicalBytes} of ${signature.bodyLength} signed octets`;
  }
  return isEqual(body.digest, signature.bodyHash) ? null : 'the body was changed, its hash does not match';
}

/** Compares hashes, which are not secret. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
