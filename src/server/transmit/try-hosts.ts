import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { Clock } from '#ports/clock';
import { withEachReason } from './address-failures.ts';
import type { HostAddress } from './host-addresses.ts';
import { later, type HostResult } from './host-result.ts';
import { HostSession, type HostSessionDeps } from './host-session.ts';
import { defaultAttemptMs } from './limits.ts';
import type { LostHosts } from './lost-hosts.ts';
import type { SessionSettings } from './session-settings.ts';

/** Dependencies of `tryHosts`. */
export interface TryHostsDeps extends HostSessionDeps {
  readonly lostHosts: LostHosts;
}

/** A host that did not take the message, with the outcome for each recipient. */
interface Failure {
  readonly host: HostAddress;
  readonly outcomes: readonly DeliveryOutcome[];
}

/** Everything that stays the same while one host is tried after the other. */
interface TryContext {
  readonly settings: SessionSettings;
  readonly deps: TryHostsDeps;
  /** When the attempt is over, by the monotonic clock. */
  readonly endMs: number;
  /** A host that was tried already, over a pooled connection. */
  readonly known: { readonly host: HostAddress; readonly result: HostResult } | null;
}

/** Tries the addresses of hosts in order until one takes the message, or refuses it for good, or may have taken it (RFC 5321 §5.1). */
export async function tryHosts(
  all: readonly HostAddress[],
  settings: SessionSettings,
  transmission: Transmission,
  deps: TryHostsDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { clock, lostHosts } = deps;
  const hosts = lostHosts.inOrder(transmission, all);
  const endMs = clock.monotonic() + (transmission.timeLimitMs ?? defaultAttemptMs);
  const known = await tryPooled(hosts, settings, transmission, deps, endMs);
  const isFinal = known?.result.kind === 'final';
  const order = isFinal ? [known.host, ...hosts.filter((host) => host !== known.host)] : hosts;
  return await tryInOrder(order, transmission, [], { settings, deps, endMs, known });
}

/** @param before  Hosts that these recipients were tried at before. */
async function tryInOrder(
  hosts: readonly HostAddress[],
  transmission: Transmission,
  before: readonly Failure[],
  context: TryContext,
): Promise<readonly DeliveryOutcome[]> {
  const { settings, deps, endMs, known } = context;
  const { clock, lostHosts } = deps;
  const failures = [...before];
  for (const [i, host] of hosts.entries()) {
    if (transmission.signal.aborted) return withEachReason(temporary(outcomesOf(transmission, failures)), failures);
    const untilMs = shareEndMs(hosts.length - i, endMs, clock);
    const result =
      host === known?.host ? known.result : await new HostSession(host, settings, transmission, deps).run(untilMs);
    if (result.kind === 'final') {
      remember(host, result, transmission, lostHosts);
      const { lacking = [] } = result;
      if (lacking.length === 0) return result.outcomes;
      const those = <T>(list: readonly T[]): T[] => lacking.flatMap((k) => list[k] ?? []);
      const rest = { ...transmission, recipients: those(transmission.recipients) };
      const theirs = [...failures, { host, outcomes: result.outcomes }].map((failure) => ({
        host: failure.host,
        outcomes: those(failure.outcomes),
      }));
      const found = await tryInOrder(hosts.slice(i + 1), rest, theirs, context);
      return result.outcomes.map((outcome, k) => found[lacking.indexOf(k)] ?? outcome);
    }
    failures.push({ host, outcomes: result.outcomes });
    if (transmission.signal.aborted) lostHosts.note(transmission, host);
    if (result.isEverywhere === true) break;
  }
  return withEachReason(outcomesOf(transmission, failures), failures);
}

/**
 * Returns the outcome for each recipient when no host took the message. A refusal is final where every host refuses (RFC 8689 §4.2.1); a host that is
 * only down may take the message tomorrow.
 */
function outcomesOf(transmission: Transmission, failures: readonly Failure[]): readonly DeliveryOutcome[] {
  return transmission.recipients.map((_, i) => {
    const outcomes = failures.flatMap(({ outcomes: those }) => those[i] ?? []);
    return outcomes.findLast(({ kind }) => kind === 'deferred') ?? outcomes.at(-1) ?? later('no host could be tried');
  });
}

/** Returns outcomes of an attempt that ended before the last host: no refusal is final yet. */
function temporary(outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
  return outcomes.map((one) => (one.kind === 'refused' ? later(one.reason, one.remote, one.reply) : one));
}

/** Returns until when a host may take: half of the time that is left while others wait, so that slow hosts do not starve them. Monotonic. */
function shareEndMs(hostsLeft: number, endMs: number, clock: Clock): number {
  if (hostsLeft === 1) return Number.POSITIVE_INFINITY;
  const nowMs = clock.monotonic();
  return nowMs + (endMs - nowMs) / 2;
}

/** Records for the next attempt whether this one was lost at a host. */
function remember(
  host: HostAddress,
  result: Extract<HostResult, { kind: 'final' }>,
  transmission: Transmission,
  lostHosts: LostHosts,
): void {
  if (result.fellSilent === true) lostHosts.note(transmission, host);
  else lostHosts.forget(transmission);
}

/** Tries a pooled connection to any address of the first host, so that an address which never answers is waited for once, not for each message. */
async function tryPooled(
  hosts: readonly HostAddress[],
  settings: SessionSettings,
  transmission: Transmission,
  deps: TryHostsDeps,
  endMs: number,
): Promise<TryContext['known']> {
  // With one address the session itself looks into the pool.
  if (hosts.length === 1) return null;
  for (const host of hosts) {
    if (host.name !== hosts[0]?.name) break;
    const session = new HostSession(host, settings, transmission, deps);
    const result = await session.runPooled(shareEndMs(hosts.length, endMs, deps.clock));
    if (result !== null) return { host, result };
  }
  return null;
}
