import { nextStep, type NextStep } from './schedule.ts';
import type { QueueSettings } from './settings.ts';
import type { DeliveryOutcome, RemoteReply } from './transmitter.ts';
import { Notify, type RecipientState } from './types.ts';

/** The part of a recipient's row that decides what an outcome means. */
interface RecipientFacts {
  /** Attempts that ended before the one that the outcome is of. */
  readonly attempts: number;
  readonly startMs: number;
  readonly delayTold: boolean;
  /** NOTIFY bits. */
  readonly notify: number;
  /** Reverse-path; nothing is ever told to an empty one. */
  readonly sender: string;
}

/** Notices to the sender. */
export type NoticeKind = 'failed' | 'delayed' | 'delivered' | 'relayed';

/** Next state of a recipient's row. */
export interface Advance {
  readonly state: Extract<RecipientState, 'queued' | 'delivered' | 'failed'>;
  /** Null when the state is final. */
  readonly nextAttemptMs: number | null;
  readonly notice: NoticeKind | null;
  /** Enhanced status code for the notice. */
  readonly status: string;
  /** Reply or reason, lines separated by `\n`. */
  readonly reply: string;
  readonly replyIsSmtp: boolean;
}

/** Turns an outcome into the row's next state: the transition table of README.md. Pure. */
export function advance(
  facts: RecipientFacts,
  outcome: DeliveryOutcome,
  now: { readonly nowMs: number; readonly chance: number; readonly pausedUntilMs?: number | null },
  settings: QueueSettings,
): Advance {
  const reply = outcome.reply === null ? reasonOf(outcome) : replyText(outcome.reply);
  const said = { status: statusOf(outcome), reply, replyIsSmtp: outcome.reply !== null };
  if (outcome.kind === 'delivered') {
    const notice = outcome.final ? 'delivered' : 'relayed';
    const isOwed = !outcome.dsnPassedOn && wantsNotice(facts, notice);
    return { state: 'delivered', nextAttemptMs: null, notice: isOwed ? notice : null, ...said };
  }
  const step: NextStep =
    outcome.kind === 'refused'
      ? { kind: 'giveUp' }
      : nextStep({ ...facts, attempts: facts.attempts + 1, ...now }, settings);
  if (step.kind === 'giveUp') {
    return { state: 'failed', nextAttemptMs: null, notice: wantsNotice(facts, 'failed') ? 'failed' : null, ...said };
  }
  const tell = step.tellDelay && wantsNotice(facts, 'delayed');
  return { state: 'queued', nextAttemptMs: step.atMs, notice: tell ? 'delayed' : null, ...said };
}

/** Reports whether the sender gets a notice (RFC 3461 §4.1): failures and delays unless asked otherwise, successes only when asked. */
export function wantsNotice(facts: { readonly sender: string; readonly notify: number }, kind: NoticeKind): boolean {
  // RFC 3461 §6.2, RFC 5321 §6.1: nothing is ever sent in answer to the null reverse-path.
  if (facts.sender === '' || (facts.notify & Notify.Never) !== 0) return false;
  if (kind === 'failed') return facts.notify === 0 || (facts.notify & Notify.Failure) !== 0;
  if (kind === 'delayed') return facts.notify === 0 || (facts.notify & Notify.Delay) !== 0;
  return (facts.notify & Notify.Success) !== 0;
}

/** A reply as its lines stood on the wire: `550-5.1.1 text` and `550 5.1.1 text`. */
export function replyText(reply: RemoteReply): string {
  const lines = reply.text.split('\n');
  const status = reply.enhanced === null ? '' : `${reply.enhanced} `;
  return lines.map((line, i) => `${reply.code}${i === lines.length - 1 ? ' ' : '-'}${status}${line}`).join('\n');
}

function reasonOf(outcome: DeliveryOutcome): string {
  return outcome.kind === 'delivered' ? '' : outcome.reason;
}

function statusOf(outcome: DeliveryOutcome): string {
  // RFC 3464 §2.3.4: the status of a delivery that was given up keeps its class 4 when the trouble was temporary.
  const { reply } = outcome;
  const wanted = outcome.kind === 'delivered' ? '2' : outcome.kind === 'refused' ? '5' : '4';
  const said = reply?.enhanced ?? null;
  // What a host says for ever may be temporary for us, as with a login: subject and detail stay (RFC 3463 §2).
  if (said !== null && said.startsWith('2.') === (wanted === '2')) return `${wanted}${said.slice(1)}`;
  if (outcome.kind === 'refused' && reply === null) return outcome.status;
  // RFC 3463 §3.5: x.4.1 is "no answer from host".
  return outcome.kind === 'deferred' && reply === null ? (outcome.status ?? '4.4.1') : `${wanted}.0.0`;
}
