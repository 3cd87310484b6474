import type { DeliveryOutcome, RemoteHost, Transmission } from '#mail/queue';
import type { Channel, ClientTls } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { SmtpClient, type ClientCredentials, type ClientTlsMode, type OpenOutcome } from '#proto/smtp-client';
import type { Hop } from './hops.ts';
import { mailOf, outcomeOf } from './outcome.ts';
import { forAll, later, next, type Tried } from './outcomes.ts';

/** How a connection is secured before mail goes over it. */
export type Security =
  | { readonly kind: 'none' }
  /** With TLS when it is offered, and again without when that failed (RFC 7435 §3). */
  | { readonly kind: 'opportunistic' }
  /** STARTTLS, or nothing. */
  | { readonly kind: 'startTls'; readonly verify: ClientTls['verify'] }
  /** TLS from the first byte (RFC 8314 §3.3). */
  | { readonly kind: 'immediate'; readonly verify: ClientTls['verify'] };

/** How servers are visited on one way. */
export interface Manner {
  readonly dialer: Dialer;
  /** Our name for EHLO. */
  readonly hostname: string;
  readonly security: Security;
  readonly credentials?: ClientCredentials;
  /** It is our own port, where acceptance is delivery. */
  readonly isOurs?: boolean;
  /** Hops have names in place of addresses. */
  readonly isByName?: boolean;
}

/** What visiting needs besides. */
export interface VisitDeps {
  readonly random: Random;
  readonly log: Log;
}

const dialTimeoutMs = 30_000;

/** Tries one place after the other until one takes the message, or refuses it for good. */
export async function visit(
  hops: readonly Hop[],
  manner: Manner,
  transmission: Transmission,
  deps: VisitDeps,
): Promise<readonly DeliveryOutcome[]> {
  let outcomes: readonly DeliveryOutcome[] = forAll(transmission, later('no host could be tried'));
  for (const hop of hops) {
    if (transmission.signal.aborted) break;
    const tried = await tryHop(hop, manner, transmission, deps);
    outcomes = tried.outcomes;
    if (tried.kind === 'done') break;
  }
  return outcomes;
}

async function tryHop(hop: Hop, manner: Manner, transmission: Transmission, deps: VisitDeps): Promise<Tried> {
  const first = await session(hop, manner, transmission, deps);
  const isTlsTrouble = first.kind === 'next' && first.wasTls;
  if (!isTlsTrouble || manner.security.kind !== 'opportunistic' || transmission.tls === 'required') return first;
  return await session(hop, { ...manner, security: { kind: 'none' } }, transmission, deps);
}

async function session(hop: Hop, manner: Manner, transmission: Transmission, deps: VisitDeps): Promise<Tried> {
  const { dialer, hostname, security, credentials } = manner;
  const { signal } = transmission;
  const { name, ...place } = hop;
  const remote: RemoteHost = { name, ip: manner.isByName === true ? null : hop.address };
  const immediate = security.kind === 'immediate' ? { tls: { serverName: name, verify: security.verify } } : {};
  let channel: Channel;
  try {
    channel = await dialer.dial({ ...place, ...immediate, timeoutMs: dialTimeoutMs, signal });
  } catch (error) {
    if (!(error instanceof DialFailed)) throw error;
    return next(transmission, later(error.message, remote));
  }
  const client = new SmtpClient({
    channel,
    hostname,
    tls: tlsMode(security, name),
    random: deps.random,
    ...(credentials !== undefined && { credentials }),
  });
  const abort = (): void => client.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await talk(client, remote, manner, transmission);
  } catch (error) {
    deps.log.error('transmit.bug', { host: name }, error);
    client.destroy();
    return next(transmission, later('error on our side', remote));
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function tlsMode(security: Security, serverName: string): ClientTlsMode {
  switch (security.kind) {
    case 'none':
    case 'immediate':
      return { mode: 'none' };
    case 'opportunistic':
      return { mode: 'opportunistic', tls: { serverName, verify: 'report' } };
    case 'startTls':
      return { mode: 'required', tls: { serverName, verify: security.verify } };
  }
}

/** One transaction over a fresh connection. */
async function talk(
  client: SmtpClient,
  remote: RemoteHost,
  { isOurs = false }: Manner,
  transmission: Transmission,
): Promise<Tried> {
  const opened = await client.open();
  if (opened.kind !== 'ready') return notOpened(opened, remote, transmission);
  const results = await client.send(mailOf(transmission));
  await client.quit();
  const peer = { remote, isOurs, takesDsn: opened.extensions.dsn };
  const outcomes = results.map(({ outcome }) => outcomeOf(outcome, peer));
  // RFC 5321 §5.1: the next host is tried until one succeeds. Not when this one fell silent with the whole message in hand.
  const mayHaveIt = results.some(({ outcome }) => outcome.kind === 'failed' && outcome.stage === 'content');
  const isLater = !mayHaveIt && outcomes.every(({ kind }) => kind === 'deferred');
  return isLater ? { kind: 'next', outcomes, wasTls: false } : { kind: 'done', outcomes };
}

/** A host that will not talk is passed over, as if it were down: another may do better, now or later. */
function notOpened(
  opened: Exclude<OpenOutcome, { readonly kind: 'ready' }>,
  remote: RemoteHost,
  transmission: Transmission,
): Tried {
  const outcome = outcomeOf(opened, { remote, isOurs: false, takesDsn: false });
  const deferred = outcome.kind === 'refused' ? later(outcome.reason, remote, outcome.reply) : outcome;
  return next(transmission, deferred, opened.kind === 'failed' && opened.failure === 'tls');
}
