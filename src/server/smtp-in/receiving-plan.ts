import type { Accounts } from '#mail/accounts';
import type { Config } from '#mail/config';
import type { ContentMemory } from '#mail/content';
import type { LocalDelivery } from '#mail/delivery';
import type { Feedback } from '#mail/feedback';
import { ContentPipeline } from '#mail/inbound';
import type { Queue } from '#mail/queue';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { AuthBackend } from '#proto/smtp-server';
import type { Configuration } from '#server/configuration';
import { contentSinks } from './content-sinks.ts';
import type { InboundPartsMaker } from './inbound-parts.ts';
import type { IncomingMessageDeps } from './incoming-message.ts';
import { Notices } from './notices.ts';
import { Quotas } from './quotas.ts';
import { RecipientCheck } from './recipient-check.ts';

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
  readonly inbound: InboundPartsMaker;
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
  readonly recipientCheck: RecipientCheck;
  readonly quotas: Quotas;
  readonly incoming: IncomingMessageDeps;
}

/** Makes the plan for the configuration in force. */
export function receivingPlan(deps: ReceivingPlanDeps): ReceivingPlan {
  const { accounts, blobs, clock, contentMemory, delivery, feedback, hostname, log, queue, shutdown } = deps;
  const { config, directory } = deps.configuration;
  const { auth, lookup, sinks, policy } = deps.inbound(config, directory);
  const recipientCheck = new RecipientCheck(config, directory, lookup);
  const quotas = new Quotas(accounts, config);
  const notices = new Notices({ feedback, accounts, blobs, log });
  const list = sinks(contentSinks({ notices, pedantic: config.server.pedantic }));
  const pipeline = new ContentPipeline({ blobs, memory: contentMemory, clock, log }, list);
  return {
    config,
    auth,
    recipientCheck,
    quotas,
    incoming: {
      delivery,
      queue,
      blobs,
      clock,
      log,
      hostname,
      shutdown,
      recipientCheck,
      quotas,
      pipeline,
      policy,
      notices,
    },
  };
}
