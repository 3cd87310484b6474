import type { DeliveryOutcome } from '#mail/queue';
import type { HostAddress } from './host-addresses.ts';

/** More of one reason is cut off: an attempt has up to 20 addresses, and all of them stand in one notice. */
const maxReasonChars = 300;

/** An address that was tried, with what came of it for each recipient. */
interface Failure {
  readonly host: HostAddress;
  readonly outcomes: readonly DeliveryOutcome[];
}

/**
 * Returns the outcomes of an attempt at several addresses with the reason of each address, one line for each reason.
 * The outcomes stay as they are when one address was tried, and where all of them gave the same reply.
 * @param outcomes  What the attempt comes to, for each recipient.
 * @param failures  Every address that was tried, in this order; none took the message.
 */
export function withEachReason(
  outcomes: readonly DeliveryOutcome[],
  failures: readonly Failure[],
): readonly DeliveryOutcome[] {
  if (failures.length < 2) return outcomes;
  return outcomes.map((outcome, i) => {
    if (outcome.kind === 'delivered') return outcome;
    const byReason = Map.groupBy(failures, ({ outcomes: those }) => reasonOf(those[i]));
    if (byReason.size === 1 && outcome.reply !== null) return outcome;
    const lines = [...byReason].map(([reason, those]) => `${hostsText(those.map(({ host }) => host))}: ${reason}`);
    return { ...outcome, reason: lines.join('\n'), reply: null, ...statusOf(outcome) };
  });
}

function reasonOf(outcome: DeliveryOutcome | undefined): string {
  return outcome === undefined || outcome.kind === 'delivered' ? '' : outcome.reason.slice(0, maxReasonChars);
}

/** Keeps what the code of a reply says, as class 4: the queue asks the reply for it otherwise. */
function statusOf(outcome: Exclude<DeliveryOutcome, { kind: 'delivered' }>): { readonly status?: string } {
  if (outcome.reply === null || outcome.kind === 'refused') return {};
  return { status: `4${outcome.reply.enhanced?.slice(1) ?? '.0.0'}` };
}

/** Names hosts with their addresses: `mx1.example (192.0.2.1, 2001:db8::1), mx2.example (192.0.2.2)`. */
function hostsText(hosts: readonly HostAddress[]): string {
  const byHost = Map.groupBy(hosts, ({ name }) => name);
  return [...byHost]
    .map(([name, those]) => {
      const addresses = those.map(({ address }) => address).filter((address) => address !== name);
      return addresses.length === 0 ? name : `${name} (${addresses.join(', ')})`;
    })
    .join(', ');
}
