import { writeAddress, type Address } from '#lib/address';
import { Refusal } from '#proto/smtp-server';
import type { Configuration } from '#server/configuration';

/** Rules about the addresses that users may name. */
export interface SubmissionRules {
  /** Reports whether an account may send as an address. */
  readonly maySendAs: (account: string, address: Address) => boolean;
  /** Checks a recipient before the message comes. @throws Refusal for one that cannot get it. */
  readonly checkRecipient: (address: Address) => void;
  /** Header fields may hold UTF-8 although SMTPUTF8 was not announced. */
  readonly takesBareUtf8: boolean;
  /** From and Sender may be doubled or malformed, and beside one author Sender may be any address. */
  readonly takesUnclearAuthors: boolean;
}

/** Makes the rules of a server; they follow the configuration in force. */
export type SubmissionRulesMaker = (configuration: Pick<Configuration, 'config' | 'directory'>) => SubmissionRules;

/** Makes the rules under which users send as what is theirs. */
export const standardRules: SubmissionRulesMaker = (configuration) => ({
  maySendAs: (account, address) => configuration.directory.maySendAs(account, address),
  checkRecipient: (address) => {
    const found = configuration.directory.lookup(address);
    if (found.kind === 'unknown') throw new Refusal(550, '5.1.1', 'no such user here');
    if (found.kind === 'disabled') {
      throw new Refusal(450, '4.2.1', 'the domain of this address is switched off at the moment');
    }
  },
  takesBareUtf8: false,
  takesUnclearAuthors: false,
});

/** Returns the refusal of a sender that is not one of the user's addresses. */
export function notYours(from: Address): Refusal {
  return new Refusal(550, '5.7.1', `${writeAddress(from, 'unicode')} is not one of your addresses`);
}
