import type { Address } from '#lib/address';
import { MessageSigner, recommendedSeals, signWith, type PrivateKey, type SigningKey } from '#lib/dkim';
import { parseDomain } from '#lib/domain';
import type { Config } from '#mail/config';
import { selectorsOf, type ConfiguredSelector } from './selectors.ts';

/** Facts that decide who signs a message. */
export interface SigningFacts {
  /** The author, of the From field. */
  readonly from: Address;
  /** Of the envelope; null for the null reverse-path. */
  readonly sender: Address | null;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Signatures that a message gets. */
export type SigningChoice =
  /** It leaves as it is; `reason` is for people. */
  | { readonly kind: 'unsigned'; readonly reason: string }
  /** `signer` wants the whole message. */
  | { readonly kind: 'signed'; readonly domain: string; readonly signer: MessageSigner }
  /** It must not leave: a key that is to sign has not been loaded. */
  | { readonly kind: 'keyMissing'; readonly domain: string; readonly keyFile: string };

/** The signing plan in force, which may be another one at every look. */
export interface Signing {
  readonly plan: Pick<SigningPlan, 'choose'>;
}

/** Signing of one domain. */
interface DomainPlan {
  readonly keys: SigningKey[];
  keyFileMissing: string | null;
}

const unsigned: SigningChoice = {
  kind: 'unsigned',
  reason: 'no key is in use for the domains of author and sender',
};
const secondMs = 1000;

/** Signing domains and keys for one configuration and the keys that were loaded for it. Build a new one when either changes. */
export class SigningPlan {
  readonly #keys: ReadonlyMap<string, PrivateKey>;
  readonly #domains = new Map<string, DomainPlan>();
  readonly #hostnames: ReadonlySet<string>;

  /**
   * @param keys  By `keyFile` as the configuration writes it; not to be changed afterwards.
   */
  constructor(config: Config, keys: ReadonlyMap<string, PrivateKey>) {
    this.#keys = keys;
    const { hostname, listeners } = config.server;
    const hostnames = [hostname, ...Object.values(listeners).map((listener) => listener.hostname ?? hostname)];
    this.#hostnames = new Set(hostnames.map(asciiName));
    for (const name of Object.keys(config.domains.domains)) {
      this.#domains.set(asciiName(name), { keys: [], keyFileMissing: null });
    }
    for (const selector of selectorsOf(config)) if (selector.signs) this.#add(selector);
  }

  /**
   * Decides for one message: the From domain signs if it is ours, as that is what people see and DMARC compares; else the domain of the
   * envelope's sender. For mail from one of our host names, such as notices, the nearest domain above it signs.
   */
  choose({ from, sender, nowMs }: SigningFacts): SigningChoice {
    const domain = this.#ownDomain(from) ?? (sender === null ? null : this.#ownDomain(sender));
    const plan = domain === null ? undefined : this.#domains.get(domain);
    if (domain === null || plan === undefined) return unsigned;
    if (plan.keyFileMissing !== null) return { kind: 'keyMissing', domain, keyFile: plan.keyFileMissing };
    if (plan.keys.length === 0) return unsigned;
    const signer = new MessageSigner({ keys: plan.keys, sign: signWith(this.#keys), nowMs });
    return { kind: 'signed', domain, signer };
  }

  #add({ domain, selector, settings }: ConfiguredSelector): void {
    const plan = this.#domains.get(domain.ascii);
    if (plan === undefined) return;
    const { keyFile, headers, expiration, dontSealHeaders } = settings;
    const key = this.#keys.get(keyFile);
    if (key === undefined) {
      plan.keyFileMissing ??= keyFile;
      return;
    }
    const names = headers?.map((name) => name.toLowerCase());
    const seals = dontSealHeaders ? [] : recommendedSeals.filter((name) => names?.includes(name) ?? true);
    plan.keys.push({
      keyId: keyFile,
      algorithm: key.algorithm,
      domain,
      selector,
      seals,
      lifetimeS: expiration === undefined ? null : expiration / secondMs,
      ...(names !== undefined && { headers: names }),
    });
  }

  /** The domain of ours that an address belongs to. */
  #ownDomain({ domain }: Address): string | null {
    if (!('ascii' in domain)) return null;
    if (this.#domains.has(domain.ascii)) return domain.ascii;
    if (!this.#hostnames.has(domain.ascii)) return null;
    for (let at = domain.ascii.indexOf('.'); at >= 0; at = domain.ascii.indexOf('.', at + 1)) {
      const above = domain.ascii.slice(at + 1);
      if (this.#domains.has(above)) return above;
    }
    return null;
  }
}

function asciiName(name: string): string {
  const domain = parseDomain(name);
  return domain.ok ? domain.value.ascii : name.toLowerCase();
}
