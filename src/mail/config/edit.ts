import { parseAddress, writeAddress } from '#lib/address';
import { isMap, isSeq, parseDocument } from 'yaml';

/** Refusal of a change to `domains.yaml`; the message is for people. */
export class EditRefused extends Error {
  override readonly name = 'EditRefused';
}

/**
 * Adds an account with its first address, keeping comments and order; adds the domain when it is new.
 * @returns the new text, which the caller checks as a whole before it takes effect.
 * @throws EditRefused when the account exists.
 */
export function addAccount(text: string, account: string, address: string): string {
  const document = parseDocument(text);
  if (document.hasIn(['accounts', account])) throw new EditRefused(`account ${account} exists already`);
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const domains: unknown = document.get('domains');
  const isKnown = isMap(domains) && domains.items.some(({ key }) => String(key).toLowerCase() === domain);
  if (!isKnown) document.setIn(['domains', domain], document.createNode({}));
  document.setIn(['accounts', account], document.createNode({ addresses: [address] }));
  return document.toString({ lineWidth: 0 });
}

/**
 * Removes an account and its addresses from all aliases, keeping comments and order.
 * An alias that loses its last member is removed with it.
 * @throws EditRefused when there is no such account.
 */
export function removeAccount(text: string, account: string): string {
  const document = parseDocument(text);
  if (!document.hasIn(['accounts', account])) throw new EditRefused(`no account ${account}`);
  const addresses = new Set(
    (
      (document.toJS() as { accounts: Record<string, { addresses?: string[] }> }).accounts[account]?.addresses ?? []
    ).map((address) => comparable(address)),
  );
  document.deleteIn(['accounts', account]);
  const domains: unknown = document.get('domains');
  if (!isMap(domains)) return document.toString({ lineWidth: 0 });
  for (const { key: domain } of domains.items) {
    const aliases: unknown = document.getIn(['domains', String(domain), 'aliases']);
    if (!isMap(aliases)) continue;
    for (const { key: alias } of aliases.items.slice()) {
      const members: unknown = aliases.getIn([String(alias), 'addresses']);
      if (!isSeq(members)) continue;
      members.items = members.items.filter((item) => !addresses.has(comparable(String(item))));
      if (members.items.length === 0) aliases.delete(String(alias));
    }
  }
  return document.toString({ lineWidth: 0 });
}

/** Returns a form that is equal for all ways to write one address, such as with needless quotes. */
function comparable(text: string): string {
  const parsed = parseAddress(text);
  return (parsed.ok ? writeAddress(parsed.value) : text).toLowerCase();
}
