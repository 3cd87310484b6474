import type { ClientTls, TlsSession } from '#ports/channel';
import type { MailHost } from './find-mail-hosts.ts';
import type { HostTls } from './tls-policy.ts';
import type { SessionTls } from './tls-session.ts';

/**
 * Returns the demands on the handshake with a host. Certificates are never refused there: `judgeTls` decides, since DANE may vouch for what
 * PKIX does not, and reports want to know what was wrong. PKIX is reported for the host's own name (RFC 8461 §4.2).
 */
export function clientTlsFor(host: MailHost, decided: Extract<HostTls, { kind: 'connect' }>): ClientTls {
  const [address = host.name] = host.addresses;
  const isLiteral = host.name.startsWith('[');
  const serverName = isLiteral ? address : decided.serverName;
  return { serverName, verifyName: isLiteral ? address : host.name, verify: 'report' };
}

/** A finished handshake as `judgeTls` takes it. */
export function securedSession({ peerChain, peerProblem, peerVerified }: TlsSession): SessionTls {
  return { kind: 'secured', chain: peerChain, pkixProblem: peerVerified ? null : (peerProblem ?? 'no certificate') };
}
