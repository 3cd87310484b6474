import type { CertificateFacts } from './certificate.ts';
import { associationData, Selector, type TlsaRecord } from './tlsa.ts';

/** Finds the first record that a certificate or its key matches (RFC 6698 §2.1); digests are computed once. */
export class Matcher {
  readonly #facts: Pick<CertificateFacts, 'der' | 'spki'>;
  readonly #digests = new Map<number, Uint8Array>();

  constructor(facts: Pick<CertificateFacts, 'der' | 'spki'>) {
    this.#facts = facts;
  }

  /** Returns the first of `records` that matches; null when none does. Ignores usages. */
  find(records: readonly TlsaRecord[]): TlsaRecord | null {
    return records.find((record) => this.#matches(record)) ?? null;
  }

  #matches({ selector, matching, data }: TlsaRecord): boolean {
    const key = selector * 256 + matching;
    let expected = this.#digests.get(key);
    if (expected === undefined) {
      expected = associationData(selector === Selector.Cert ? this.#facts.der : this.#facts.spki, matching);
      this.#digests.set(key, expected);
    }
    return expected.length === data.length && expected.every((byte, i) => byte === data[i]);
  }
}
