import type { Reply } from '#lib/smtp';
import type { DeliveryResult } from '#mail/delivery';
import { ConditionError } from '#ports/conditions';
import type { AcceptedRecipient } from './facts.ts';
import type { Verdict } from './verdict.ts';

/** A copy with its verdict, and what came of its delivery. */
export interface JudgedCopy {
  readonly recipient: AcceptedRecipient;
  readonly verdict: Verdict;
  /** Null when it was not to be delivered. */
  readonly result: DeliveryResult | null;
}

/** End of one message: SMTP has a single reply for all of its copies. */
export type Conclusion<C> =
  /** 250: some account has it. The other copies are ours to finish: `later` ones are tried again, `refused` ones are reported to the sender. */
  | { readonly kind: 'accepted'; readonly delivered: C[]; readonly later: C[]; readonly refused: C[] }
  /** Nothing is delivered, and that is our fault: the client shall come again. `error` is null when no cause is known. */
  | { readonly kind: 'failed'; readonly error: ConditionError | null }
  /** Nothing is delivered, as decided. */
  | { readonly kind: 'declined'; readonly reply: Reply; readonly explanation: string | null };

/**
 * Concludes a message. Pure. After one delivery the client is never asked to send it again, as there would be duplicates. With none, 4yz comes
 * before 5yz: only then do copies that may come again come again.
 */
export function conclude<C extends JudgedCopy>(copies: readonly C[]): Conclusion<C> {
  const delivered = copies.filter(({ result }) => result?.kind === 'delivered');
  if (delivered.length === 0) return concludeWithout(copies);
  const served = new Set(delivered.map(({ recipient }) => recipient));
  const left = copies.filter(({ recipient, verdict, result }) => {
    if (result?.kind === 'delivered') return false;
    // A list has reached some member: those whose mailbox takes nothing go without.
    return verdict.kind === 'deliver' || !recipient.isAlias || !served.has(recipient);
  });
  return {
    kind: 'accepted',
    delivered,
    later: left.filter(({ verdict }) => verdict.kind !== 'refuse'),
    refused: left.filter(({ verdict }) => verdict.kind === 'refuse'),
  };
}

function concludeWithout(copies: readonly JudgedCopy[]): Conclusion<never> {
  if (copies.some(({ verdict }) => verdict.kind === 'deliver')) {
    const errors = copies.flatMap(({ result }) => (result?.kind === 'failed' ? [result.error] : []));
    const [error] = errors;
    return { kind: 'failed', error: error instanceof ConditionError ? error : null };
  }
  const verdicts = copies.flatMap(({ verdict }) => (verdict.kind === 'deliver' ? [] : [verdict]));
  const first = verdicts.find(({ kind }) => kind === 'defer') ?? verdicts[0];
  if (first === undefined) return { kind: 'failed', error: null };
  const { reply, explanation } = first;
  return { kind: 'declined', reply, explanation };
}
