import { X509Certificate } from 'node:crypto';
import { showReply } from '#lib/smtp';
import type { HostProbe, HostProber } from '#mail/dns-advice';
import type { Channel, TlsSession } from '#ports/channel';
import type { Clock } from '#ports/clock';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { Random } from '#ports/random';
import { SmtpClient, type OpenOutcome } from '#proto/smtp-client';

/** Dependencies of probing. */
export interface SmtpHostProberDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: Random;
  /** Our name for EHLO. */
  readonly hostname: string;
  /** 25 where nothing is said. */
  readonly port?: number;
  /** For connecting, and again for the whole dialogue; 15 seconds where nothing is said. */
  readonly timeoutMs?: number;
}

const smtpPort = 25;
const defaultTimeoutMs = 15_000;

/** Connects to a mail host as another server would: greeting, EHLO, STARTTLS, QUIT. */
export class SmtpHostProber implements HostProber {
  readonly #deps: SmtpHostProberDeps;

  constructor(deps: SmtpHostProberDeps) {
    this.#deps = deps;
  }

  async probe({ name, ip }: { readonly name: string; readonly ip: string }, signal: AbortSignal): Promise<HostProbe> {
    const { dialer, port = smtpPort, timeoutMs = defaultTimeoutMs } = this.#deps;
    signal.throwIfAborted();
    let channel: Channel;
    try {
      channel = await dialer.dial({ address: ip, port, timeoutMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DialFailed)) throw error;
      return { kind: 'unreachable', reason: error.message };
    }
    const opened = await this.#open(channel, name, signal);
    if (opened === 'late') return { kind: 'unreachable', reason: `no complete answer within ${timeoutMs / 1000} s` };
    if (opened.kind !== 'ready') return whyNot(opened);
    if (opened.tls !== null) return shown(opened.tls, name);
    if (!opened.extensions.startTls) return { kind: 'noTls' };
    return { kind: 'tlsFailed', reason: 'it offers STARTTLS, and refuses it' };
  }

  /** The dialogue, bounded as a whole: limits of the client are those between two pieces of an answer. */
  async #open(channel: Channel, name: string, signal: AbortSignal): Promise<OpenOutcome | 'late'> {
    const { clock, random, hostname, timeoutMs = defaultTimeoutMs } = this.#deps;
    const client = new SmtpClient({
      channel,
      hostname,
      tls: { mode: 'opportunistic', tls: { serverName: name, verify: 'report' } },
      random,
    });
    let isLate = false;
    const stop = (): void => client.destroy();
    using _timer = clock.timer(timeoutMs, () => {
      isLate = true;
      stop();
    });
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) stop();
      const opened = await client.open();
      if (opened.kind === 'ready') await client.quit();
      signal.throwIfAborted();
      return isLate && opened.kind !== 'ready' ? 'late' : opened;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

function shown({ peerVerified, peerProblem, peerCertificate, peerChain }: TlsSession, name: string): HostProbe {
  const problem = peerVerified ? null : inWords(peerProblem, name);
  return { kind: 'secured', problem, endsMs: endOf(peerCertificate), chain: peerChain };
}

function whyNot(outcome: Exclude<OpenOutcome, { readonly kind: 'ready' }>): HostProbe {
  if (outcome.kind === 'refused') return { kind: 'refused', reply: showReply(outcome.reply) };
  const { failure, stage, reason } = outcome;
  if (failure === 'tls' || stage === 'starttls') return { kind: 'tlsFailed', reason };
  return failure === 'closed' || failure === 'timeout'
    ? { kind: 'unreachable', reason }
    : { kind: 'refused', reply: reason };
}

const problems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not a known one',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificates between it and a known authority are missing',
  UNABLE_TO_GET_ISSUER_CERT: 'certificates between it and a known authority are missing',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not a known one, or certificates in between are missing',
  CERT_HAS_EXPIRED: 'it has ended',
  CERT_NOT_YET_VALID: 'it is not valid yet',
};

/** Problems of certificates as OpenSSL names them. */
function inWords(problem: string | null, name: string): string {
  if (problem === null) return 'the server showed none';
  if (/ALTNAME/i.test(problem)) return `it is for other names than ${name}`;
  return problems[problem] ?? problem;
}

function endOf(der: Uint8Array | null): number | null {
  if (der === null) return null;
  try {
    const endMs = Date.parse(new X509Certificate(der).validTo);
    return Number.isNaN(endMs) ? null : endMs;
  } catch {
    // The handshake took it; its dates can still be nonsense.
    return null;
  }
}
