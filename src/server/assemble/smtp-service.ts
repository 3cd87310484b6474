import type { Config } from '#mail/config';
import { SmtpSession, type Backend, type ServerKind, type SessionOptions } from '#proto/smtp-server';
import { receivingPlan, SmtpIn, type ReceivingPlan } from '#server/smtp-in';
import { Submission, submissionOffer } from '#server/submission';
import type { SessionVariants } from './parts.ts';
import type { ServedPort, Service, ServiceContext } from './service.ts';

/** Mail from other servers, and from users (RFC 6409; with TLS from the first byte RFC 8314 §3.3). */
export const smtpServices: readonly Service[] = [
  {
    name: 'smtp',
    protocol: 'smtp',
    hasImmediateTls: false,
    settings: ({ smtp }) => smtp,
    open: (context) => servePort(context, 'mx', receiving),
  },
  {
    name: 'submission',
    protocol: 'smtp',
    hasImmediateTls: false,
    settings: ({ submission }) => submission,
    open: (context) => servePort(context, 'submission', submitting),
  },
  {
    name: 'submissions',
    protocol: 'smtp',
    hasImmediateTls: true,
    settings: ({ submissions }) => submissions,
    open: (context) => servePort(context, 'submissions', submitting),
  },
];

/** Given a port and the signal that ends it, returns a function that makes what makes Backends, for the configuration in force. */
type BackendsMaker = (context: ServiceContext, shutdown: AbortSignal) => () => () => Backend;

/** The parts of sessions that all of them share while one configuration is in force. */
interface Prepared {
  readonly config: Config;
  readonly sessions: SessionVariants;
  readonly backend: () => Backend;
}

/** Serves SMTP on a port. What depends on the configuration is made anew only when that has changed. */
function servePort(context: ServiceContext, kind: ServerKind, makeBackends: BackendsMaker): ServedPort {
  const { services, shared } = context;
  const { configuration, clock, loop, log, random } = services;
  const stopping = new AbortController();
  const backends = makeBackends(context, stopping.signal);
  let prepared: Prepared | null = null;
  const open = new Set<SmtpSession>();
  const serve: ServedPort['serve'] = async (channel) => {
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
    if (stopping.signal.aborted) session.stop();
    await session.run();
    open.delete(session);
  };
  const drain = (): void => {
    stopping.abort(new Error('shutting down'));
    for (const session of open) session.stop();
  };
  return { serve, drain };
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
    ...(kind === 'mx' ? { dsn: false, futureRelease: false, requireTls: true } : submissionOffer),
    pedantic,
    // Mail that users submit is encoded before it leaves, so that nothing bare goes on.
    passesBareCr: kind !== 'mx' && !pedantic,
    limits: { maxMessageBytes },
  };
  return { config: whole, sessions: services.parts.sessions(options, config.smtp?.startTls), backend };
}

/** Makes the Backends of the port where other servers bring mail; to be called again when the configuration has changed. */
function receiving({ services, shared, hostname }: ServiceContext, shutdown: AbortSignal): () => () => Backend {
  const { admission, senders } = shared;
  const { backend, inbound } = services.parts;
  const deps = { ...services, admission, senders, inbound, hostname, shutdown };
  return () => {
    const plan: ReceivingPlan = receivingPlan(deps);
    return () => backend(new SmtpIn(deps, plan), deps);
  };
}

/** Makes the Backends of a port where users submit mail. */
function submitting(
  { services, shared, config, hostname }: ServiceContext,
  shutdown: AbortSignal,
): () => () => Backend {
  const { admission, logins } = shared;
  const { backend, submissionRules } = services.parts;
  return () => {
    const rules = submissionRules(services.configuration);
    const deps = { ...services, admission, logins, hostname, mechanisms: config.mechanisms, rules, shutdown };
    return () => backend(new Submission(deps), deps);
  };
}
