import type { Accounts } from '#mail/accounts';
import type { Config, ServerConfig } from '#mail/config';
import type { ContentMemory } from '#mail/content';
import type { LocalDelivery } from '#mail/delivery';
import type { Feedback } from '#mail/feedback';
import type { Queue } from '#mail/queue';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { AuthBackend } from '#proto/smtp-server';
import type { Configuration } from '#server/configuration';
import { anyLogin } from '#server/localserve';
import { RecipientCheck } from './recipient-check.ts';
import { Notices } from './notices.ts';
import { Quotas } from './quotas.ts';
import type { ReceiverPolicy } from './receiver-checks.ts';
import type { IncomingMessageDeps } from './incoming-message.ts';

/** Dependencies of `receivingPlan`. */
export interface ReceivingPlanDeps {
  readonly configuration: Configuration;
  readonly accounts: Accounts;
  readonly delivery: LocalDelivery;
  readonly feedback: Pick<Feedback, 'take'>;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  /** Aborted when the server stops. */
  readonly shutdown: AbortSignal;
}

/** Decisions that connections share while one configuration is in force: making them costs as much as a command. */
export interface ReceivingPlan {
  /** The configuration that the plan follows. */
  readonly config: Config;
  readonly auth: AuthBackend | null;
  readonly isLocalserve: boolean;
  readonly reception: IncomingMessageDeps;
}

/** Makes the plan for the configuration in force. */
export function receivingPlan(deps: ReceivingPlanDeps): ReceivingPlan {
  const { accounts, blobs, clock, contentMemory, delivery, feedback, hostname, log, queue, shutdown } = deps;
  const { config, directory } = deps.configuration;
  const isLocalserve = config.server.localserve;
  const recipientCheck = new RecipientCheck(config, directory);
  return {
    config,
    auth: isLocalserve ? anyLogin(config.server.postmaster) : null,
    isLocalserve,
    reception: {
      delivery,
      queue,
      blobs,
      contentMemory,
      clock,
      log,
      hostname,
      shutdown,
      recipientCheck,
      quotas: new Quotas(accounts, recipientCheck),
      notices: new Notices({ feedback, accounts, blobs, log, recipientCheck }),
      isLocalserve,
      receiverPolicy: policyOf(config.server),
    },
  };
}

function policyOf({ localserve, pedantic }: ServerConfig): ReceiverPolicy {
  return pedantic ? 'refuse' : localserve ? 'mark' : 'ignore';
}
