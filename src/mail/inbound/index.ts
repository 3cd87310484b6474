/**
 * The inbound stage: what becomes of a message that another server brings. Facts about the envelope are found out at MAIL and RCPT, facts about
 * the content by sinks that are fed while it arrives; a policy, which is pure, gives a verdict on each copy; `conclude` makes one SMTP reply of
 * verdicts and deliveries. A feature adds a fact, the sink that finds it, and its part of the policy (decision 0019); a setting
 * reaches the policy where #server/smtp-in makes it of the configuration.
 * Commands and replies are #proto/smtp-server's, delivery is #mail/delivery's; #server/smtp-in joins them.
 *
 * Invariants: content is read once; a verdict depends on facts alone; once one copy is delivered the client is never asked to send again.
 */
export { conclude, type Conclusion } from './conclude.ts';
export { ContentPipeline, type IncomingContent } from './content-pipeline.ts';
export type { ContentSinkDefinition, ContentSinks, StoredContent } from './content-sink.ts';
export type {
  AcceptedRecipient,
  ContentFacts,
  CopyFacts,
  MessageFacts,
  NoticeFacts,
  SenderFacts,
  SinkFacts,
} from './facts.ts';
export { inboundLimits } from './limits.ts';
export { deliverTo, standardPolicy, type InboundPolicy } from './policy.ts';
export type { Verdict } from './verdict.ts';
