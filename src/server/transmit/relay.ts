import type { RelayConfig } from '#mail/config';
import type { TlsDemand, TlsWish } from '#mail/mail-hosts';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { Dialer } from '#ports/dialer';
import type { ClientCredentials } from '#proto/smtp-client';
import { findServerAddresses } from './host-addresses.ts';
import { demandText } from './mx-security.ts';
import { forAll, later } from './host-result.ts';
import { SecretUnavailable } from './secrets.ts';
import { plaintextSecurity, wishOf, type SkippedHost, type Security } from './security.ts';
import { tryHosts } from './try-hosts.ts';
import { unreached, type TransportDeps } from './transport-deps.ts';

/** Sends to one server that takes mail for all domains: a smarthost, or a submission service. */
export async function sendToRelay(
  transport: RelayConfig,
  transmission: Transmission,
  deps: TransportDeps,
): Promise<readonly DeliveryOutcome[]> {
  const found = await findServerAddresses(transport, transport, deps.resolver, transmission.signal);
  if (found.kind !== 'addresses') return unreached(found, transmission);
  const security = relaySecurity(transport, wishOf(transmission));
  const settings = {
    owner: transport,
    connector: async () => {
      const credentials = await credentialsOf(transport, deps);
      return { dialer: await dialerOf(transport, deps), ...(credentials !== null && { credentials }) };
    },
    hostname: deps.hostname,
    security: async () => security,
    setMessages: transport.limits.messagesPerConnection,
    usualMessages: Number.POSITIVE_INFINITY,
  };
  try {
    return (await tryHosts(found.addresses, settings, transmission, deps)).map(withPatience);
  } catch (error) {
    if (error instanceof SecretUnavailable) return forAll(transmission, later(error.message));
    throw error;
  }
}

/** RFC 4954 §6: all of them say that the login is wrong or missing. */
const loginReplies: ReadonlySet<number> = new Set([530, 534, 535, 538]);

/** Makes a refusal of the relay itself last for now only: the operator can mend it before the message is too old. */
function withPatience(outcome: DeliveryOutcome): DeliveryOutcome {
  if (outcome.kind !== 'refused' || outcome.reply === null || !loginReplies.has(outcome.reply.code)) return outcome;
  const { reason, remote, reply } = outcome;
  return { kind: 'deferred', reason, remote, reply, isLoginRefused: true };
}

async function credentialsOf(
  { auth, host, port }: RelayConfig,
  { secrets }: TransportDeps,
): Promise<ClientCredentials | null> {
  if (auth === undefined) return null;
  const token = auth.tokenFile === undefined ? null : await secrets.token(auth.tokenFile);
  return {
    login: auth.user ?? '',
    password: await secrets.password(auth),
    server: { host, port },
    ...(token !== null && { token }),
    ...(auth.mechanisms !== undefined && { mechanisms: auth.mechanisms }),
  };
}

async function dialerOf(
  { clientCertificate, caFile }: RelayConfig,
  { network, secrets }: TransportDeps,
): Promise<Dialer> {
  if (clientCertificate === undefined && caFile === undefined) return network.dialer;
  const trustedPem = caFile === undefined ? null : await secrets.certificates(caFile);
  if (clientCertificate === undefined) return network.withCertificates({ own: null, trustedPem });
  const { certificateFile, keyFile } = clientCertificate;
  const own = { certPem: await secrets.text(certificateFile), keyPem: await secrets.text(keyFile) };
  try {
    return network.withCertificates({ own, trustedPem });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SecretUnavailable(`the client certificate ${certificateFile} cannot be used: ${reason}`, { cause });
  }
}

/** A relay is the operator's choice: nothing that is published decides, only the transport, and REQUIRETLS (RFC 8689 §4.2.1). */
function relaySecurity(transport: RelayConfig, wish: TlsWish): Security | SkippedHost {
  const { host: name, kind, tls } = transport;
  const mustVerify = tls === 'verified' || wish === 'requiretls';
  if (tls === 'none') {
    if (wish !== 'requiretls') return { ...plaintextSecurity, demand: 'no TLS (tls: none of the transport)' };
    return { kind: 'skip', reason: 'REQUIRETLS: the transport uses no TLS', status: '5.7.10' };
  }
  const least: TlsDemand = { kind: tls === 'opportunistic' ? 'opportunistic' : 'unverified' };
  const demand: TlsDemand = mustVerify ? { kind: 'pkix', name } : least;
  return {
    kind: 'security',
    when: kind === 'submissions' ? 'immediate' : demand.kind === 'opportunistic' ? 'if-offered' : 'always',
    // A login is to happen with the right server only, so the handshake itself fails with others.
    tls: { serverName: name, verify: mustVerify ? 'require' : 'report' },
    decided: {
      kind: 'connect',
      demand,
      serverName: name,
      requireTls: wish === 'requiretls' ? 'must' : wish === 'requiretls-bounce' ? 'if-offered' : 'no',
      setAside: [],
      measures: [],
    },
    demand: `${demandText(demand)} (tls: ${tls} of the transport${wish === 'requiretls' ? '; REQUIRETLS' : ''})`,
  };
}
