import { parseDomain } from '#lib/domain';
import {
  addressLimits,
  canonicalLocalpart,
  parseAddress,
  parseLocalpart,
  writeAddress,
  writeLocalpart,
  type Address,
} from '#lib/address';
import type { Config } from '#mail/config';
import type { EventLoop } from '#ports/event-loop';

/** Result of looking up an address: the accounts behind it, or why there are none. */
export type AddressLookup =
  | { readonly kind: 'account'; readonly account: string }
  | {
      readonly kind: 'alias';
      readonly address: string;
      readonly accounts: readonly string[];
      readonly postPublic: boolean;
    }
  /** The domain is ours, the localpart is unknown. */
  | { readonly kind: 'unknown' }
  /** The domain is ours but switched off. */
  | { readonly kind: 'disabled' }
  /** The domain is not ours. */
  | { readonly kind: 'remote' };

interface LocalDomain {
  readonly disabled: boolean;
  readonly separators: readonly string[];
  readonly caseSensitive: boolean;
  readonly accounts: Map<string, string>;
  readonly aliases: Map<
    string,
    { readonly members: readonly string[]; readonly postPublic: boolean; readonly allowFrom: boolean }
  >;
  catchAll: string | null;
}

/** Address lookups over one configuration. Make a new one when the configuration changes. */
export class Directory {
  readonly #config: Config;
  readonly #domains = new Map<string, LocalDomain>();
  readonly #hostnames: ReadonlySet<string>;

  private constructor(config: Config) {
    this.#config = config;
    this.#hostnames = new Set(
      [config.server.hostname, ...Object.values(config.server.listeners).map(({ hostname }) => hostname ?? '')].map(
        (name) => name.toLowerCase(),
      ),
    );
  }

  /** Makes the lookups at once. */
  static of(config: Config): Directory {
    const directory = new Directory(config);
    const steps = directory.#fill();
    while (steps.next().done !== true);
    return directory;
  }

  /** As `of`, with pauses: each address takes some 2 µs. */
  static async build(config: Config, loop: EventLoop): Promise<Directory> {
    const directory = new Directory(config);
    for (const _step of directory.#fill()) {
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
    return directory;
  }

  /** Enters domains, accounts and aliases; a step for each, between which others may work. */
  *#fill(): Generator<void> {
    for (const [name, settings] of Object.entries(this.#config.domains.domains)) {
      this.#domains.set(asciiName(name), {
        disabled: settings.disabled,
        separators: settings.localpartSeparators,
        caseSensitive: settings.localpartCaseSensitive,
        accounts: new Map(),
        aliases: new Map(),
        catchAll: null,
      });
      yield;
    }
    yield* this.#addAccounts();
    yield* this.#addAliases();
  }

  /** Looks up a recipient (M§1.7 order: postmaster, exact, alias, catch-all). */
  lookup(address: Address): AddressLookup {
    const { localpart } = address;
    const isPostmaster = localpart.toLowerCase() === 'postmaster';
    const name = 'ascii' in address.domain ? address.domain.ascii : null;
    const domain = name === null ? undefined : this.#domains.get(name);
    const postmaster: AddressLookup = { kind: 'account', account: this.#config.server.postmaster };
    if (isPostmaster && name !== null && this.#hostnames.has(name)) return postmaster;
    if (domain === undefined) return { kind: 'remote' };
    if (domain.disabled) return { kind: 'disabled' };
    const key = canonicalLocalpart(localpart, domain);
    const account = domain.accounts.get(key);
    if (account !== undefined) return { kind: 'account', account };
    const alias = domain.aliases.get(key);
    if (alias !== undefined) {
      return { kind: 'alias', address: `${key}@${name}`, accounts: alias.members, postPublic: alias.postPublic };
    }
    if (domain.catchAll !== null) return { kind: 'account', account: domain.catchAll };
    return isPostmaster ? postmaster : { kind: 'unknown' };
  }

  /** Reports whether mail for this domain (an A-label, lower case) ends here. */
  hasDomain(domain: string): boolean {
    return this.#domains.has(domain);
  }

  /** Returns the text after the first separator in the localpart of an address of ours; empty when there is none, and for foreign addresses. */
  detailOf({ localpart, domain }: Address): string {
    const separators = ('ascii' in domain ? this.#domains.get(domain.ascii)?.separators : undefined) ?? [];
    const base = canonicalLocalpart(localpart, { separators, caseSensitive: true });
    return localpart.slice(base.length + 1);
  }

  /**
   * An account's address with a detail that leads to the same account: `user+detail@domain`. Null when it has a detail already, is no account's,
   * when its domain knows no details, or when the localpart would be longer than every server takes (RFC 5321 §4.5.3.1.1).
   */
  withDetail(address: Address, detail: string): Address | null {
    const domain = 'ascii' in address.domain ? this.#domains.get(address.domain.ascii) : undefined;
    const [separator] = domain?.separators ?? [];
    const found = this.lookup(address);
    if (domain === undefined || separator === undefined || found.kind !== 'account') return null;
    const { localpart } = address;
    if (canonicalLocalpart(localpart, { ...domain, caseSensitive: true }) !== localpart) return null;
    const detailed = { ...address, localpart: `${localpart}${separator}${detail}` };
    const { length } = new TextEncoder().encode(writeLocalpart(detailed.localpart));
    if (length > addressLimits.portableLocalpartBytes) return null;
    const there = this.lookup(detailed);
    return there.kind === 'account' && there.account === found.account ? detailed : null;
  }

  /**
   * Returns the text by which two recipients are recognised as one. Domains are the same when their A-labels are. Localparts are compared
   * exactly, as only the host of the domain knows their case rules (RFC 5321 §2.4), and by the rules of the domain where it is ours; details stay.
   */
  recipientKey(address: Address): string {
    const domain = 'ascii' in address.domain ? this.#domains.get(address.domain.ascii) : undefined;
    const rules = { separators: [], caseSensitive: domain?.caseSensitive ?? true };
    return writeAddress({ ...address, localpart: canonicalLocalpart(address.localpart, rules) });
  }

  /** Reports whether an account may send as this address: its own, or an alias of which it is a member and that allows it. */
  maySendAs(account: string, address: Address): boolean {
    const found = this.lookup(address);
    if (found.kind === 'account') return found.account === account;
    if (found.kind !== 'alias' || !found.accounts.includes(account)) return false;
    const domain = 'ascii' in address.domain ? this.#domains.get(address.domain.ascii) : undefined;
    return domain?.aliases.get(canonicalLocalpart(address.localpart, domain))?.allowFrom ?? false;
  }

  /** The account that logs in with this address or bare account name; null when there is none. Aliases and catch-alls are no accounts. */
  loginAccount(name: string, parse: (text: string) => Address | null): string | null {
    if (Object.hasOwn(this.#config.domains.accounts, name)) return name;
    const address = parse(name);
    if (address === null || !('ascii' in address.domain)) return null;
    const domain = this.#domains.get(address.domain.ascii);
    return domain?.accounts.get(canonicalLocalpart(address.localpart, domain)) ?? null;
  }

  *#addAccounts(): Generator<void> {
    for (const [account, { addresses }] of Object.entries(this.#config.domains.accounts)) {
      for (const address of addresses) {
        const { localpart, domain: name } = partsOf(address);
        const domain = this.#domains.get(name);
        if (domain === undefined) continue;
        if (localpart === null) domain.catchAll = account;
        else domain.accounts.set(canonicalLocalpart(localpart, domain), account);
      }
      yield;
    }
  }

  *#addAliases(): Generator<void> {
    for (const [name, { aliases }] of Object.entries(this.#config.domains.domains)) {
      const domain = this.#domains.get(asciiName(name));
      for (const [key, alias] of Object.entries(aliases)) {
        const parsed = parseLocalpart(key);
        if (!parsed.ok) continue;
        const members = alias.addresses
          .map((address) => this.#memberAccount(address))
          .filter((account) => account !== null);
        domain?.aliases.set(canonicalLocalpart(parsed.value, domain), {
          members: [...new Set(members)],
          postPublic: alias.postPublic,
          allowFrom: alias.allowMessageFrom,
        });
        yield;
      }
    }
  }

  #memberAccount(address: string): string | null {
    const { localpart, domain: name } = partsOf(address);
    const domain = this.#domains.get(name);
    if (localpart === null) return domain?.catchAll ?? null;
    return domain?.accounts.get(canonicalLocalpart(localpart, domain)) ?? null;
  }
}

/** The configuration was checked, so a name that does not parse cannot come here; it would match nothing. */
function asciiName(name: string): string {
  const parsed = parseDomain(name);
  return parsed.ok ? parsed.value.ascii : name.toLowerCase();
}

/** An address of the configuration: quotes are ways to write it and no part of it. A catch-all has no localpart. */
function partsOf(text: string): { readonly localpart: string | null; readonly domain: string } {
  if (text.startsWith('@')) return { localpart: null, domain: asciiName(text.slice(1)) };
  const parsed = parseAddress(text);
  // As above: no address, no match.
  if (!parsed.ok || !('ascii' in parsed.value.domain)) return { localpart: '', domain: '' };
  return { localpart: parsed.value.localpart, domain: parsed.value.domain.ascii };
}
