import type { Account } from '#mail/accounts';
import { accountTopic } from '#mail/changes';
import type { EmailSubmissions } from '#mail/email-submissions';
import { IdentityList } from '../identity-list.ts';
import { quotaState } from '../quota-state.ts';
import type { ConfiguredSender } from '../sending.ts';

/** Types of objects whose states change together. */
export interface StateSource {
  readonly types: readonly string[];
  /** Returns the topics of the bus that say when to look. */
  readonly topicsOf: (account: Account) => readonly string[];
  /** Reads the present state of each type, in their order. They are durable. @param before  States that it gave before; null at first. */
  readonly read: (
    account: Account,
    before: readonly string[] | null,
    services: StateServices,
  ) => Promise<readonly string[]>;
}

/** Services that have states outside of the account. */
export interface StateServices {
  readonly submissions: Pick<EmailSubmissions, 'state'>;
  /** Returns the bytes that an account may store; 0 without a limit. */
  readonly quotaBytesOf: (account: string) => number;
  readonly senderOf: (account: string) => ConfiguredSender;
}

/** The types of mail. All states are the account's MODSEQ, but for that of deliveries (RFC 8621 §1.5), which is the id of the newest email. */
const mail: StateSource = {
  types: ['Email', 'EmailDelivery', 'Mailbox', 'Thread'],
  topicsOf: ({ id }) => [accountTopic(id)],
  read: async ({ emails }, before) => {
    const { modSeq, newest } = await emails.progress();
    const state = String(modSeq);
    // When the newest email is destroyed, nothing was delivered.
    return [state, String(Math.max(newest, Number(before?.[1] ?? 0))), state, state];
  },
};

/** Submissions, whose state is beside the queue: it moves with every delivery (RFC 8621 §7). */
const submissions: StateSource = {
  types: ['EmailSubmission'],
  topicsOf: ({ id }) => [accountTopic(id)],
  read: async ({ id }, _before, services) => [String(await services.submissions.state(id))],
};

/** Identities and quotas, which the configuration decides about as well (RFC 9425 §6). */
const configured: StateSource = {
  types: ['Identity', 'Quota'],
  topicsOf: ({ id }) => [accountTopic(id), 'config'],
  read: async (account, _before, { quotaBytesOf, senderOf }) => {
    const identities = new IdentityList(senderOf(account.name), await account.identities.list());
    return [identities.state, await quotaState(account, quotaBytesOf(account.name))];
  },
};

/** Everything whose changes are pushed. A feature with states of its own adds a line. */
export const stateSources: readonly StateSource[] = [mail, submissions, configured];

/** All types that are pushed, in the order in which their states stand. */
export const stateTypes: readonly string[] = stateSources.flatMap(({ types }) => types);
