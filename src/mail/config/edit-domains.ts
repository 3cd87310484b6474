import { addAccount, removeAccount } from './edit.ts';
import { addDkimSelector, removeDkimSelector, type NewSelector } from './edit-dkim.ts';

/** One change to `domains.yaml`, as plain data that can be sent to a thread. */
export type DomainsEdit =
  | { readonly kind: 'addAccount'; readonly account: string; readonly address: string }
  | { readonly kind: 'removeAccount'; readonly account: string }
  | ({ readonly kind: 'addDkimSelector' } & NewSelector)
  | { readonly kind: 'removeDkimSelector'; readonly domain: string; readonly selector: string };

/**
 * Makes one change, keeping comments and order. Takes some 100 ms for a thousand accounts.
 * @returns the new text, which the caller checks as a whole before it takes effect.
 * @throws EditRefused when what is to be added is there, or what is to go is not.
 */
export function editDomains(text: string, edit: DomainsEdit): string {
  switch (edit.kind) {
    case 'addAccount':
      return addAccount(text, edit.account, edit.address);
    case 'removeAccount':
      return removeAccount(text, edit.account);
    case 'addDkimSelector':
      return addDkimSelector(text, edit);
    case 'removeDkimSelector':
      return removeDkimSelector(text, edit.domain, edit.selector);
  }
}
