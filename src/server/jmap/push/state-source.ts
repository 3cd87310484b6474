import type { Account } from '#mail/accounts';
import { accountTopic } from '#mail/changes';
import type { EmailSubmissions } from '#mail/email-submissions';

/** Types of objects whose states change together. */
export interface StateSource {
  readonly types: readonly string[];
  /** Returns the topic of the bus that says when to look. */
  readonly topicOf: (account: Account) => string;
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
}

/** The types of mail. All states are the account's MODSEQ, but for that of deliveries (RFC 8621 §1.5), which is the id of the newest email. */
const mail: StateSource = {
  types: ['Email', 'EmailDelivery', 'Mailbox', 'Thread'],
  topicOf: ({ id }) => accountTopic(id),
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
  topicOf: ({ id }) => accountTopic(id),
  read: async ({ id }, _before, services) => [String(await services.submissions.state(id))],
};

/** Everything whose changes are pushed. A feature with states of its own adds a line. */
export const stateSources: readonly StateSource[] = [mail, submissions];

/** All types that are pushed, in the order in which their states stand. */
export const stateTypes: readonly string[] = stateSources.flatMap(({ types }) => types);
