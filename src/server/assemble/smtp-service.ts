import type { Config } from '#mail/config';
import type { Channel } from '#ports/channel';
import { SmtpSession, type Backend, type ServerKind, type SessionOptions } from '#proto/smtp-server';
import { developmentLimits } from '#server/localserve';
import { receivingPlan, SmtpIn, type ReceivingPlan } from '#server/smtp-in';
import { Submission } from '#server/submission';
import type { ServiceContext } from './service-context.ts';

const kinds: Readonly<Record<string, ServerKind>> = {
  smtp: 'mx',
  submission: 'submission',
  submissions: 'submissions',
};

/** The parts of sessions that all of them share while one configuration is in force. */
interface Prepared {
  readonly config: Config;
  readonly options: SessionOptions;
  /** Options for clients without limits, on a development server. */
  readonly trustedOptions: SessionOptions;
  readonly backend: () => Backend;
}

/** Returns a function that serves one SMTP connection of a port to its end. What depends on the configuration is made anew only when that has changed. */
export function smtpService(context: ServiceContext): (channel: Channel) => Promise<void> {
  const { services, shared, shutdown } = context;
  const { configuration, clock, loop, log, random } = services;
  const kind = kinds[context.service] ?? 'mx';
  const backends = kind === 'mx' ? receiving(context) : submitting(context);
  let prepared: Prepared | null = null;
  // A listener of the signal for each connection would cost as much as there are connections, each time.
  const sessions = new Set<SmtpSession>();
  shutdown.addEventListener('abort', () => sessions.forEach((session) => session.stop()), { once: true });
  return async (channel) => {
    const { config } = configuration;
    if (prepared?.config !== config) prepared = prepare(context, kind, config, backends());
    const isTrusted = config.server.localserve && shared.admission.isTrusted(channel.remote.address);
    const session = new SmtpSession({
      channel,
      backend: prepared.backend(),
      options: isTrusted ? prepared.trustedOptions : prepared.options,
      clock,
      loop,
      log,
      random,
      id: shared.nextConnectionId(),
    });
    sessions.add(session);
    if (shutdown.aborted) session.stop();
    await session.run();
    sessions.delete(session);
  };
}

function prepare(context: ServiceContext, kind: ServerKind, whole: Config, backend: () => Backend): Prepared {
  const { config, hostname, hasTls } = context;
  const { server } = whole;
  const plaintextAuth = kind === 'submission' && config.submission?.allowPlaintextAuth === true;
  const { maxMessageBytes } = config;
  const options: SessionOptions = {
    kind,
    hostname,
    startTls: hasTls && (kind === 'submission' || (kind === 'mx' && (config.smtp?.startTls ?? !server.localserve))),
    authWithoutTls: plaintextAuth || (kind === 'mx' && server.localserve),
    mailNeedsTls: kind === 'submission' && !plaintextAuth,
    // Success notices would be ours to send on port 25 (RFC 3461 §5.2.3): the server that brings mail there sends them instead.
    dsn: kind !== 'mx',
    futureRelease: kind !== 'mx',
    requireTls: true,
    pedantic: server.pedantic,
    // Mail that users submit is encoded before it leaves, so that nothing bare goes on.
    passesBareCr: kind !== 'mx' && !server.pedantic,
    lenient: server.localserve && !server.pedantic,
    limits: { maxMessageBytes },
  };
  const trustedOptions = { ...options, limits: { ...developmentLimits, maxMessageBytes } };
  return { config: whole, options, trustedOptions, backend };
}

/** Makes the Backends of the port where other servers bring mail; to be called again when the configuration has changed. */
function receiving({ services, shared, hostname, shutdown }: ServiceContext): () => () => Backend {
  const { admission, senders } = shared;
  const deps = { ...services, admission, senders, hostname, shutdown };
  return () => {
    const plan: ReceivingPlan = receivingPlan(deps);
    return () => new SmtpIn(deps, plan);
  };
}

/** Makes the Backends of a port where users submit mail. */
function submitting({ services, shared, config, hostname, shutdown }: ServiceContext): () => () => Backend {
  const { admission } = shared;
  const deps = { ...services, admission, hostname, mechanisms: config.mechanisms, shutdown };
  return () => () => new Submission(deps);
}
