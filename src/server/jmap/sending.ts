import type { Address } from '#lib/address';
import type { Identity as Login } from '#lib/sasl';
import type { EmailSubmissions } from '#mail/email-submissions';
import type { Queue } from '#mail/queue';
import type { Log } from '#ports/log';
import type { Backend, SessionFacts, SessionLimits } from '#proto/smtp-server';
import type { SubmissionRules } from '#server/submission';

/** Name and addresses of an account, by the configuration in force. */
export interface ConfiguredSender {
  /** Empty when none is configured. */
  readonly fullName: string;
  /** Addresses of the account; `@example.org` for all others of a domain. */
  readonly addresses: readonly string[];
}

/** Services with which the area submits messages. */
export interface SendingServices {
  readonly queue: Pick<Queue, 'enqueue' | 'recallIn'>;
  readonly submissions: EmailSubmissions;
  /** Makes what decides about one message, as it does for SMTP sessions. @param queue  Gets the message. */
  readonly backend: (queue: Pick<Queue, 'enqueue'>, client: ClientFacts) => Backend;
  readonly rules: () => Pick<SubmissionRules, 'maySendAs'>;
  readonly senderOf: (account: string) => ConfiguredSender;
  readonly limits: Pick<SessionLimits, 'maxHoldMs' | 'maxMessageBytes' | 'maxRecipients'>;
  /** Returns a fresh id for the submission of a message, as SMTP connections have them. */
  readonly nextId: () => string;
}

/** Submission on behalf of the user of one request. */
export interface Sending extends Omit<SendingServices, 'backend' | 'rules' | 'senderOf' | 'nextId'> {
  /** The login may send mail. */
  readonly maySend: boolean;
  readonly backend: (queue: Pick<Queue, 'enqueue'>) => Backend;
  readonly maySendAs: (address: Address) => boolean;
  readonly sender: ConfiguredSender;
  /** Makes the facts about the client, for one message. */
  readonly newSession: () => SessionFacts;
  readonly log: Log;
}

/** Facts about the client of a request, for the stories of its messages. */
export type ClientFacts = Pick<SessionFacts, 'remote' | 'local' | 'tls'> & {
  readonly log: Log;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
};

/** Returns the services as one login may use them. */
export function sendingFor(services: SendingServices, login: Login, client: ClientFacts): Sending {
  const { remote, local, tls, log } = client;
  const { backend, rules, senderOf, nextId, ...others } = services;
  const { account, appPassword } = login;
  const { maySendAs } = rules();
  return {
    ...others,
    maySend: appPassword?.scopes.includes('send') !== false,
    backend: (queue) => backend(queue, client),
    maySendAs: (address) => maySendAs(account, address),
    sender: senderOf(account),
    newSession: () => ({
      id: nextId(),
      kind: 'jmap',
      remote,
      local,
      tls,
      hello: null,
      identity: login,
      mechanism: null,
    }),
    log,
  };
}
