import type { Address } from '#lib/address';
import type { Resolver } from '#ports/resolver';
import { Refusal, type Hello } from '#proto/smtp-server';

const dnsTimeoutMs = 20_000;

/** Asks DNS whether a client's names could be real: mail from where no answer can go is refused before its content comes. */
export class SenderCheck {
  readonly #resolver: Resolver;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  /** HELO needs a name that resolves; DNS trouble is no reason to refuse (M§1.5). @throws Refusal. */
  async checkHelo({ name, form }: Hello): Promise<void> {
    if (form !== 'domain') return;
    const signal = AbortSignal.timeout(dnsTimeoutMs);
    const found = await Promise.all(
      (['A', 'AAAA'] as const).map((type) => this.#resolver.query(name, type, signal).catch(() => null)),
    );
    if (found.every((answer) => answer?.kind === 'absent'))
      throw new Refusal(550, '5.5.0', 'your HELO name does not resolve');
  }

  /** The sender's domain must be able to take mail: not a null MX (RFC 7505 §4.2), and MX or address records. @throws Refusal. */
  async checkSender({ domain }: Address): Promise<void> {
    if (!('ascii' in domain)) throw new Refusal(550, '5.7.0', 'an address literal is not accepted as sender');
    const signal = AbortSignal.timeout(dnsTimeoutMs);
    const name = domain.ascii;
    const mx = await this.#resolver.query(name, 'MX', signal).catch(() => null);
    if (mx === null || mx.kind === 'failed')
      throw new Refusal(451, '4.4.0', 'the domain of your sender address cannot be looked up now');
    if (mx.kind === 'found') {
      const [only] = mx.records;
      if (mx.records.length === 1 && (only?.exchange === '' || only?.exchange === '.')) {
        throw new Refusal(550, '5.7.27', 'the domain of your sender address says that it takes no mail (null MX)');
      }
      return;
    }
    const addresses = await Promise.all(
      (['A', 'AAAA'] as const).map((type) => this.#resolver.query(name, type, signal).catch(() => null)),
    );
    if (addresses.some((answer) => answer?.kind === 'found')) return;
    if (addresses.every((answer) => answer?.kind === 'absent')) {
      throw new Refusal(550, '5.7.27', 'the domain of your sender address cannot receive mail');
    }
    throw new Refusal(451, '4.4.0', 'the domain of your sender address cannot be looked up now');
  }
}
