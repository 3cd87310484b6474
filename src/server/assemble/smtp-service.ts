import type { Config } from '#mail/config';
import type { Channel } from '#ports/channel';
import { SmtpSession, type Backend, type ServerKind, type SessionOptions } from '#proto/smtp-server';
import { receivingPlan, SmtpIn, type ReceivingPlan } from '#server/smtp-in';
import { Submission } from '#server/submission';
import type { SessionVariants } from './parts.ts';
import type { ServiceContext } from './service-context.ts';

const kinds: Readonly<Record<string, ServerKind>> = {
  smtp: 'mx',
  submission: 'submission',
  submissions: 'submissions',
};

/** The parts of sessions that all of them share while one configuration is in force. */
interface Prepared {
  readonly config: Config;
  readonly sessions: SessionVariants;
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
  const open = new Set<SmtpSession>();
  shutdown.addEventListener('abort', () => open.forEach((session) => session.stop()), { once: true });
  return async (channel) => {
    const { config } = configuration;
    if (prepared?.config !== config) prepared = prepare(context, kind, config, backends());
    const { sessions, backend } = prepared;
    const isTrusted = sessions.trusted !== sessions.usual && shared.admission.isTrusted(channel.remote.address);
    const session = new SmtpSession({
      channel,
      backend: backend(),
      options: isTrusted ? sessions.trusted : sessions.usual,
      clock,
      loop,
      log,
      random,
      id: shared.nextConnectionId(),
    });
    open.add(session);
    if (shutdown.aborted) session.stop();
    await session.run();
    open.delete(session);
  };
}

function prepare(context: ServiceContext, kind: ServerKind, whole: Config, backend: () => Backend): Prepared {
  const { config, hostname, hasTls, services } = context;
  const { pedantic } = whole.server;
  const plaintextAuth = kind === 'submission' && config.submission?.allowPlaintextAuth === true;
  const { maxMessageBytes } = config;
  const options: SessionOptions = {
    kind,
    hostname,
    startTls: hasTls && kind !== 'submissions',
    authWithoutTls: plaintextAuth,
    mailNeedsTls: kind === 'submission' && !plaintextAuth,
    // Success notices would be ours to send on port 25 (RFC 3461 §5.2.3): the server that brings mail there sends them instead.
    dsn: kind !== 'mx',
    futureRelease: kind !== 'mx',
    requireTls: true,
    pedantic,
    // Mail that users submit is encoded before it leaves, so that nothing bare goes on.
    passesBareCr: kind !== 'mx' && !pedantic,
    limits: { maxMessageBytes },
  };
  return { config: whole, sessions: services.parts.sessions(options, config.smtp?.startTls), backend };
}

/** Makes the Backends of the port where other servers bring mail; to be called again when the configuration has changed. */
function receiving({ services, shared, hostname, shutdown }: ServiceContext): () => () => Backend {
  const { admission, senders } = shared;
  const { backend, inbound } = services.parts;
  const deps = { ...services, admission, senders, inbound, hostname, shutdown };
  return () => {
    const plan: ReceivingPlan = receivingPlan(deps);
    return () => backend(new SmtpIn(deps, plan), deps);
  };
}

/** Makes the Backends of a port where users submit mail. */
function submitting({ services, shared, config, hostname, shutdown }: ServiceContext): () => () => Backend {
  const { admission } = shared;
  const { backend, submissionRules } = services.parts;
  return () => {
    const rules = submissionRules(services.configuration);
    const deps = { ...services, admission, hostname, mechanisms: config.mechanisms, rules, shutdown };
    return () => backend(new Submission(deps), deps);
  };
}
