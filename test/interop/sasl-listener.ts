import type { CertificatePem } from '#host/certificates';
import { systemClock } from '#host/clock';
import { listen, tlsContext } from '#host/net';
import { systemRandom } from '#host/random';
import type { MechanismName } from '#lib/sasl';
import { SmtpSession } from '#proto/smtp-server';
import { FakeLog } from '#testing/fake-log';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { FakeLoop } from '#testing/fake-loop';

/** A submission service of ours, with STARTTLS, in this process. */
export interface SaslListener extends AsyncDisposable {
  readonly port: number;
  /** The user `user@example.org` logs in with the token `good`. */
  readonly backend: FakeSmtpBackend;
}

/** Starts our SMTP session with mechanisms that need what only a fake has: tokens. */
export async function startSaslListener(
  certificate: CertificatePem,
  mechanisms: readonly MechanismName[],
): Promise<SaslListener> {
  const backend = new FakeSmtpBackend({ mechanisms });
  const log = new FakeLog();
  const context = tlsContext(certificate);
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log,
    tls: { contextFor: () => context },
    onConnection: (channel) =>
      new SmtpSession({
        loop: new FakeLoop(),
        channel,
        backend,
        options: {
          kind: 'submission',
          hostname: 'sasl.test',
          startTls: true,
          authWithoutTls: false,
          mailNeedsTls: true,
          dsn: false,
          futureRelease: false,
          requireTls: false,
          pedantic: false,
        },
        clock: systemClock,
        log,
        random: systemRandom,
        id: 'sasl',
      }).run(),
  });
  return { port: listener.port, backend, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}
