import type { RelayConfig } from '#mail/config';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { Dialer } from '#ports/dialer';
import type { ClientCredentials } from '#proto/smtp-client';
import { serverHops } from './hops.ts';
import { forAll, later } from './outcomes.ts';
import { SecretUnavailable } from './secrets.ts';
import type { Security } from './visit.ts';
import { visitFound, type WayDeps } from './ways.ts';

/** To one server that takes mail for all domains: a smarthost, or a submission service. */
export async function sendToRelay(
  transport: RelayConfig,
  transmission: Transmission,
  deps: WayDeps,
): Promise<readonly DeliveryOutcome[]> {
  try {
    const credentials = await credentialsOf(transport, deps);
    const manner = {
      dialer: await dialerOf(transport, deps),
      hostname: deps.hostname,
      security: securityOf(transport),
      ...(credentials !== null && { credentials }),
    };
    const found = await serverHops(transport, transport, deps.resolver, transmission.signal);
    return (await visitFound(found, manner, transmission, deps)).map(withPatience);
  } catch (error) {
    if (error instanceof SecretUnavailable) return forAll(transmission, later(error.message));
    throw error;
  }
}

/** RFC 4954 §6: all of them say that the login is wrong or missing. */
const loginReplies: ReadonlySet<number> = new Set([530, 534, 535, 538]);

/** What the relay has against us is no verdict on the message: the operator can mend it before the message is too old. */
function withPatience(outcome: DeliveryOutcome): DeliveryOutcome {
  if (outcome.kind !== 'refused' || outcome.reply === null || !loginReplies.has(outcome.reply.code)) return outcome;
  return later(outcome.reason, outcome.remote, outcome.reply);
}

async function credentialsOf(
  { auth, host, port }: RelayConfig,
  { secrets }: WayDeps,
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

async function dialerOf({ clientCertificate }: RelayConfig, { network, secrets }: WayDeps): Promise<Dialer> {
  if (clientCertificate === undefined) return network.dialer;
  const { certificateFile, keyFile } = clientCertificate;
  const pem = { certPem: await secrets.text(certificateFile), keyPem: await secrets.text(keyFile) };
  try {
    return network.withCertificate(pem);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SecretUnavailable(`the client certificate ${certificateFile} cannot be used: ${reason}`, { cause });
  }
}

function securityOf(transport: RelayConfig): Security {
  const verify = transport.tls === 'verified' ? 'require' : 'report';
  if (transport.kind === 'submissions') return { kind: 'immediate', verify };
  switch (transport.tls) {
    case 'verified':
    case 'unverified':
      return { kind: 'startTls', verify };
    case 'opportunistic':
    case 'none':
      return { kind: transport.tls };
  }
}
