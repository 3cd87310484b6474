import { parseAddress } from '#lib/address';
import type { Config } from '#mail/config';
import { comparableDomain } from './domain-pattern.ts';
import { routingTable, type RouteRule } from './table.ts';

/**
 * Returns the names of the transports that routes may choose for mail from a domain: those of accounts that may write from it, of the domain and of
 * the server, up to the first of them that matches all its mail. Pure.
 */
export function usableTransports(config: Config, domain: string): ReadonlySet<string> {
  const from = comparableDomain(domain);
  const { accounts, domains, global } = routingTable(config);
  const names = new Set<string>();
  for (const [name, rules] of accounts) {
    if (mayWriteFrom(config, name, from)) matching(rules, from, names);
  }
  matching([...(domains.get(from) ?? []), ...global], from, names);
  return names;
}

function matching(rules: readonly RouteRule[], from: string, names: Set<string>): void {
  for (const { fromDomain, toDomain, minimumAttempts, transport } of rules) {
    if (!fromDomain.matches(from)) continue;
    names.add(transport);
    if (toDomain.texts.length === 0 && minimumAttempts === 0) return;
  }
}

/** Accounts without addresses of their own may be given some later. */
function mayWriteFrom({ domains }: Config, name: string, from: string): boolean {
  const addresses = domains.accounts[name]?.addresses ?? [];
  return addresses.some((text) => {
    const address = parseAddress(text, { smtputf8: true });
    const domain = address.ok ? address.value.domain : null;
    const written = text.slice(text.lastIndexOf('@') + 1);
    return domain !== null && comparableDomain(written) === from;
  });
}
