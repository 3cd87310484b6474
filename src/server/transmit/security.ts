import { judgeTls, securedSession, type HostTls, type SessionEnds, type SessionTls } from '#mail/mail-hosts';
import type { SessionRecord, Transmission } from '#mail/queue';
import type { ClientTls, TlsSession } from '#ports/channel';
import { showReply, type Reply } from '#lib/smtp';
import type { ClientTlsMode, OpenOutcome } from '#proto/smtp-client';
import type { PooledConnection } from './pool.ts';

/** A host that may be connected to, and what is demanded then. */
export type Connectable = Extract<HostTls, { kind: 'connect' }>;

/** Demands on a connection to one host. */
export interface Security {
  readonly kind: 'security';
  /** TLS from the first byte (RFC 8314 §3.3), STARTTLS even when it is not offered, STARTTLS when it is, or none. */
  readonly when: 'immediate' | 'always' | 'if-offered' | 'never';
  readonly tls: ClientTls;
  readonly decided: Connectable;
  /** The demand and whose it is, for people. */
  readonly demand: string;
}

/** A host that is not even tried. `status` is an enhanced status code; class 5 when trying again is no use. */
export interface SkippedHost {
  readonly kind: 'skip';
  readonly reason: string;
  readonly status: string;
}

/** Returns the demand of a message on TLS (RFC 8689). Notices about REQUIRETLS messages have the null reverse-path (RFC 8689 §5). */
export function wishOf({ tls, sender }: Pick<Transmission, 'tls' | 'sender'>) {
  switch (tls) {
    case 'required':
      return sender === null ? 'requiretls-bounce' : 'requiretls';
    case 'optional':
      return 'tls-required-no';
    case 'default':
      return 'default';
  }
}

/** No TLS, where none is demanded. */
export const plaintextSecurity: Security = {
  kind: 'security',
  when: 'never',
  tls: { serverName: '', verify: 'report' },
  decided: {
    kind: 'connect',
    demand: { kind: 'opportunistic' },
    serverName: '',
    requireTls: 'no',
    setAside: [],
    measures: [],
  },
  demand: 'no TLS',
};

/** The same for the SMTP client, which meets TLS from the first byte when it is on already. */
export function tlsMode({ when, tls }: Security): ClientTlsMode {
  switch (when) {
    case 'always':
      return { mode: 'required', tls };
    case 'if-offered':
      return { mode: 'opportunistic', tls };
    case 'immediate':
    case 'never':
      return { mode: 'none' };
  }
}

/** Returns how far a connection got with TLS; null when it was not wanted. */
export function sessionOf(opened: OpenOutcome, { when }: Security): SessionTls | null {
  if (when === 'never') return null;
  if (opened.kind === 'ready') {
    if (opened.tls !== null) return securedSession(opened.tls);
    return opened.startTlsRefusal === null ? { kind: 'not-offered' } : failed(opened.startTlsRefusal);
  }
  if (opened.kind === 'refused') return opened.stage === 'starttls' ? failed(opened.reply) : null;
  if (opened.failure === 'noStartTls') return { kind: 'not-offered' };
  const isTls = opened.failure === 'tls' || opened.stage === 'starttls';
  return isTls ? { kind: 'failed', reason: opened.reason } : null;
}

function failed(reply: Reply): SessionTls {
  return { kind: 'failed', reason: `STARTTLS: ${showReply(reply)}` };
}

const nowhere: SessionEnds = { sendingIp: null, receivingIp: null, mxHost: '', mxHelo: null };

/** Reports whether a connection that was made for another message meets the demands of this one. @param nowMs  Milliseconds since 1970. */
export function fits({ session, tls, client }: PooledConnection, { decided, when }: Security, nowMs: number): boolean {
  if (tls === null && (when === 'always' || when === 'immediate')) return false;
  if (decided.requireTls === 'must' && (tls === null || !client.extensions.requireTls)) return false;
  if (decided.demand.kind === 'opportunistic') return true;
  if (decided.demand.kind === 'unverified') return tls !== null;
  // Reports count connections, not messages.
  const { verdict } = judgeTls({ ...decided, measures: [] }, session, nowhere, nowMs);
  return verdict.kind === 'proceed';
}

/** Returns the record of a connection's TLS. @param isGood  True when it is as demanded. */
export function tlsRecord(tls: TlsSession | null, { demand }: Connectable, isGood: boolean): SessionRecord['tls'] {
  if (tls === null) return null;
  const isVerified = isGood && demand.kind !== 'opportunistic' && demand.kind !== 'unverified';
  return {
    version: tls.protocol,
    cipher: tls.cipher,
    verifiedBy: isVerified ? demand.kind : null,
    problem: tls.peerVerified ? null : (tls.peerProblem ?? 'no certificate'),
  };
}
