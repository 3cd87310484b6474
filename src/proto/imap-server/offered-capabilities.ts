import { mechanismTraits, type MechanismName } from '#lib/sasl';
import type { TlsSession } from '#ports/channel';
import type { ImapServerOptions } from './options.ts';

// In this order on the wire; #lib/imap parses their syntax, ./commands has their handlers.
// RFC 9051 §6.1.1: with IMAP4rev1 and IMAP4rev2 both listed, IMAP4rev1 applies until the client enables IMAP4rev2.
const always =
  'IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE ID IDLE NAMESPACE UNSELECT UIDPLUS MOVE MULTIAPPEND BINARY ESEARCH SEARCHRES ' +
  'LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE STATUS=SIZE CHILDREN UTF8=ACCEPT WITHIN SAVEDATE';

/** Returns the mechanisms that this connection may use now, in the listener's order. */
export function offeredMechanisms(options: ImapServerOptions, tls: TlsSession | null): readonly MechanismName[] {
  return options.mechanisms.filter((mechanism) => isOffered(mechanism, options, tls));
}

function isOffered(mechanism: MechanismName, options: ImapServerOptions, tls: TlsSession | null): boolean {
  // An unprotected session can be taken over after any login: none is offered there, as on the submission port.
  if (tls === null && !options.allowClearPasswords) return false;
  const { secret, bindsToTls } = mechanismTraits(mechanism);
  if (secret === 'certificate') return tls !== null && tls.peerCertificate !== null;
  return !bindsToTls || (tls !== null && (tls.exporter !== null || tls.serverEndPoint !== null));
}

/**
 * Reports whether the LOGIN command may be used (RFC 9051 §6.2.3): only where passwords are encrypted in transit, and where a mechanism
 * is offered that sends them to the server.
 */
export function mayUseLogin(options: ImapServerOptions, tls: TlsSession | null): boolean {
  return offeredMechanisms(options, tls).some((mechanism) => mechanism === 'PLAIN' || mechanism === 'LOGIN');
}

/**
 * Returns the capability list (RFC 9051 §7.2.2), without the word CAPABILITY. After login STARTTLS, LOGINDISABLED and AUTH= are left out.
 * @param appendLimitBytes  Largest message that APPEND accepts (RFC 7889 §3).
 */
export function capabilityText(
  options: ImapServerOptions,
  tls: TlsSession | null,
  isLoggedIn: boolean,
  appendLimitBytes: number,
): string {
  const words = [always, `APPENDLIMIT=${appendLimitBytes}`];
  if (!isLoggedIn) {
    if (tls === null && options.startTls) words.push('STARTTLS');
    // RFC 9051 §6.2.3: LOGINDISABLED, which servers MUST implement on cleartext ports (RFC 9051 §6.1.1).
    if (!mayUseLogin(options, tls)) words.push('LOGINDISABLED');
    for (const mechanism of offeredMechanisms(options, tls)) words.push(`AUTH=${mechanism}`);
  }
  return words.join(' ');
}
