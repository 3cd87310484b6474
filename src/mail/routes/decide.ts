import { directName } from '#mail/config';
import type { RouteRule, RoutingTable } from './table.ts';
import type { Considered, Mismatch, RouteDecision, RouteQuestion, RouteReason, RouteTarget } from './types.ts';

/** Facts that rules look at. */
interface Facts {
  /** Null for the null reverse-path. */
  readonly fromDomain: string | null;
  readonly toDomain: string;
  readonly attempts: number;
}

/**
 * Decides where one recipient's mail goes in one attempt. Pure.
 * Mail for a domain of ours ends here, and all of it where the table keeps it here, but a `fail` transport fails there too.
 * A transport that an operator set comes before all routes.
 */
export function decideRoute(question: RouteQuestion, table: RoutingTable): RouteDecision {
  const toDomain = question.recipientDomain;
  const own = table.domains.has(toDomain);
  const chosen =
    question.transport != null
      ? { reason: operatorReason(question.transport), passedOver: [] }
      : own
        ? { reason: { kind: 'ownDomain' } as const, passedOver: [] }
        : askRules(question, table);
  const target = targetOf(chosen.reason, toDomain, own, table);
  const { keptHere } = table;
  if (keptHere === null || target.kind === 'local' || isFailure(target)) return { target, ...chosen };
  const reason: RouteReason = { kind: 'keptHere', why: keptHere, otherwise: chosen.reason };
  return { target: { kind: 'local' }, reason, passedOver: chosen.passedOver };
}

function operatorReason(transport: string): RouteReason {
  return { kind: 'operator', transport };
}

function isFailure(target: RouteTarget): boolean {
  return target.kind === 'missing' || (target.kind === 'transport' && target.transport.kind === 'fail');
}

function targetOf(reason: RouteReason, domain: string, own: boolean, { transports }: RoutingTable): RouteTarget {
  const name = 'transport' in reason ? reason.transport : directName;
  // Without a transport, our own mail ends here and never takes the way through DNS.
  if (name === directName) return own ? { kind: 'local' } : { kind: 'direct', domain };
  const transport = transports.get(name);
  return transport === undefined ? { kind: 'missing', name } : { kind: 'transport', name, transport, domain };
}

/** The first rule that matches, of the account, of the sender's domain, of the server. */
function askRules(
  { account, senderDomain: fromDomain, recipientDomain: toDomain, attempts }: RouteQuestion,
  table: RoutingTable,
): { readonly reason: RouteReason; readonly passedOver: readonly Considered[] } {
  const facts: Facts = { fromDomain, toDomain, attempts };
  const passedOver: Considered[] = [];
  for (const rules of [
    account === null ? undefined : table.accounts.get(account),
    fromDomain === null ? undefined : table.domains.get(fromDomain),
    table.global,
  ]) {
    for (const rule of rules ?? []) {
      const mismatch = mismatchOf(rule, facts);
      if (mismatch === null) {
        const { location, transport } = rule;
        return { reason: { kind: 'rule', location, transport }, passedOver };
      }
      passedOver.push({ location: rule.location, mismatch, wanted: wantedBy(rule, mismatch) });
    }
  }
  return { reason: { kind: 'default' }, passedOver };
}

/** The first condition that does not hold; null when all do. */
function mismatchOf(rule: RouteRule, { fromDomain, toDomain, attempts }: Facts): Mismatch | null {
  if (!rule.fromDomain.matches(fromDomain)) return 'fromDomain';
  if (!rule.toDomain.matches(toDomain)) return 'toDomain';
  return attempts < rule.minimumAttempts ? 'minimumAttempts' : null;
}

function wantedBy(rule: RouteRule, mismatch: Mismatch): readonly string[] {
  return mismatch === 'minimumAttempts' ? [String(rule.minimumAttempts)] : rule[mismatch].texts;
}
