import type { Channel } from '#ports/channel';
import { SmtpSession, type Backend, type ServerKind } from '#proto/smtp-server';
import { developmentLimits } from '#server/localserve';
import { SmtpIn } from '#server/smtp-in';
import { Submission } from '#server/submission';
import type { ServiceContext } from './listeners.ts';

const kinds: Readonly<Record<string, ServerKind>> = {
  smtp: 'mx',
  submission: 'submission',
  submissions: 'submissions',
};

/** Serves one SMTP connection to its end. */
export async function serveSmtpOn(context: ServiceContext, channel: Channel): Promise<void> {
  const { services, shared, config, hostname, shutdown, hasTls } = context;
  const { server } = services.configuration.config;
  const kind = kinds[context.service] ?? 'mx';
  const plaintextAuth = kind === 'submission' && config.submission?.allowPlaintextAuth === true;
  const session = new SmtpSession({
    channel,
    backend: backendFor(context, kind),
    options: {
      kind,
      hostname,
      startTls: hasTls && (kind === 'submission' || (kind === 'mx' && (config.smtp?.startTls ?? !server.localserve))),
      authWithoutTls: plaintextAuth || (kind === 'mx' && server.localserve),
      mailNeedsTls: kind === 'submission' && !plaintextAuth,
      // Success notices would be ours to send on port 25 (RFC 3461 §5.2.3): whoever brings mail there sends them instead.
      dsn: kind !== 'mx',
      futureRelease: kind !== 'mx',
      requireTls: true,
      pedantic: server.pedantic,
      // Mail that users submit is encoded before it leaves, so that nothing bare goes on.
      passesBareCr: kind !== 'mx' && !server.pedantic,
      lenient: server.localserve && !server.pedantic,
      limits: {
        ...(server.localserve && shared.admission.isTrusted(channel.remote.address) ? developmentLimits : {}),
        maxMessageBytes: config.maxMessageBytes,
      },
    },
    clock: services.clock,
    loop: services.loop,
    log: services.log,
    random: services.random,
    id: shared.nextConnectionId(),
  });
  await session.run(shutdown);
}

function backendFor({ services, shared, config, hostname, shutdown }: ServiceContext, kind: ServerKind): Backend {
  const { admission, senders } = shared;
  return kind === 'mx'
    ? new SmtpIn({ ...services, admission, senders, hostname, shutdown })
    : new Submission({ ...services, admission, hostname, mechanisms: config.mechanisms, shutdown });
}
