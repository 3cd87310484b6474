import { canonicalLocalpart, parseAddress } from '#lib/address';
import { parseDomain } from '#lib/domain';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { DomainsConfig } from './domains-schema.ts';

type DomainsDocument = ConfigDocument<DomainsConfig>;

/** A configured domain. */
interface KnownDomain {
  readonly name: string;
  readonly settings: DomainsConfig['domains'][string];
}

/** Checks what a schema cannot express about `domains.yaml`: names, addresses, and that each address has one destination. */
export function checkDomains(document: DomainsDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const known = readDomains(document, problems);
  const owners = readAddresses(document, known, problems);
  checkAliases(document, known, owners, problems);
  return problems;
}

function readDomains({ value, problemAt }: DomainsDocument, problems: ConfigProblem[]): Map<string, KnownDomain> {
  const known = new Map<string, KnownDomain>();
  for (const [name, settings] of Object.entries(value.domains)) {
    const parsed = parseDomain(name);
    if (!parsed.ok) {
      problems.push(problemAt(['domains', name], `not a domain: ${parsed.reason}`, 'Write a name such as example.org'));
      continue;
    }
    const other = known.get(parsed.value.ascii);
    if (other === undefined) known.set(parsed.value.ascii, { name, settings });
    else problems.push(problemAt(['domains', name], `is the same domain as ${other.name}`, 'Keep one of them'));
  }
  return known;
}

/** Reads all addresses. @returns the owner of each address by its canonical form. */
function readAddresses(
  { value, problemAt }: DomainsDocument,
  known: ReadonlyMap<string, KnownDomain>,
  problems: ConfigProblem[],
): Map<string, string> {
  const owners = new Map<string, string>();
  for (const [account, { addresses }] of Object.entries(value.accounts)) {
    for (const [i, address] of addresses.entries()) {
      const path = ['accounts', account, 'addresses', i];
      const parsed = partsOf(address);
      if ('reason' in parsed) {
        const fix = "Write user@example.org, or '@example.org' for all the rest";
        problems.push(problemAt(path, `not an address: ${parsed.reason}`, fix));
        continue;
      }
      if (!known.has(parsed.domain))
        problems.push(problemAt(path, 'its domain is not configured', `Add ${parsed.domain} under domains`));
      const key = keyOf(parsed, known);
      const owner = owners.get(key);
      if (owner === account)
        problems.push(problemAt(path, 'the account has this address already', 'Remove one of them'));
      else if (owner !== undefined)
        problems.push(problemAt(path, `belongs to account ${owner} already`, 'For several people, use an alias'));
      owners.set(key, account);
    }
  }
  return owners;
}

function checkAliases(
  { value, problemAt }: DomainsDocument,
  known: ReadonlyMap<string, KnownDomain>,
  owners: ReadonlyMap<string, string>,
  problems: ConfigProblem[],
): void {
  for (const [domain, { aliases }] of Object.entries(value.domains)) {
    const seen = new Map<string, string>();
    for (const [localpart, alias] of Object.entries(aliases)) {
      const path = ['domains', domain, 'aliases', localpart];
      const own = partsOf(`${localpart}@${domain}`);
      if ('reason' in own) {
        problems.push(
          problemAt(path, `not the part of an address before the @: ${own.reason}`, 'Write a name such as info'),
        );
        continue;
      }
      const key = keyOf(own, known);
      const owner = owners.get(key);
      const twin = seen.get(key);
      if (owner !== undefined)
        problems.push(problemAt(path, `is an address of account ${owner} already`, 'Remove the alias or that address'));
      if (twin !== undefined)
        problems.push(problemAt(path, `is the same address as the alias ${twin}`, 'Keep one of them'));
      seen.set(key, localpart);
      for (const [i, member] of alias.addresses.entries()) {
        const parts = partsOf(member);
        if (!('reason' in parts) && owners.has(keyOf(parts, known))) continue;
        const fix = 'Members are addresses of accounts here';
        problems.push(problemAt([...path, 'addresses', i], `no account has the address ${member}`, fix));
      }
    }
  }
}

/** Parts of an address; the localpart of a catch-all is empty. */
interface Parts {
  readonly localpart: string;
  /** As in DNS, with A-labels. */
  readonly domain: string;
}

function partsOf(address: string): Parts | { readonly reason: string } {
  if (address.startsWith('@')) {
    const domain = parseDomain(address.slice(1));
    return domain.ok ? { localpart: '', domain: domain.value.ascii } : { reason: domain.reason };
  }
  const parsed = parseAddress(address, { smtputf8: true });
  if (!parsed.ok) return { reason: parsed.reason };
  const { localpart, domain } = parsed.value;
  return 'ascii' in domain ? { localpart, domain: domain.ascii } : { reason: 'an IP address is not a domain' };
}

/** Returns a key that is equal for all ways to write an address. */
function keyOf({ localpart, domain }: Parts, known: ReadonlyMap<string, KnownDomain>): string {
  const settings = known.get(domain)?.settings;
  if (settings === undefined) return `${localpart.toLowerCase()}@${domain}`;
  const rules = { separators: settings.localpartSeparators, caseSensitive: settings.localpartCaseSensitive };
  return `${canonicalLocalpart(localpart, rules)}@${domain}`;
}
