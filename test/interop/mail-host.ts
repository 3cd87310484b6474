import type { CertificatePem } from '#host/certificates';
import { systemClock } from '#host/clock';
import { listen, tlsContext, type TlsContext } from '#host/net';
import { systemRandom } from '#host/random';
import { writeAddress } from '#lib/address';
import { SmtpSession, type SessionFacts, type Transaction } from '#proto/smtp-server';
import { FakeLog } from '#testing/fake-log';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { FakeLoop } from '#testing/fake-loop';

/** Settings of a mail host. */
export interface MailHostSettings {
  /** Its port 25 needs root. */
  readonly address: string;
  readonly hostname: string;
  /** Null: it does not offer STARTTLS. `broken`: it does, and every handshake fails. */
  readonly tls: CertificatePem | 'broken' | null;
  /** True when it offers REQUIRETLS. */
  readonly requireTls?: boolean;
}

/** A message as a mail host got it. */
export interface ReceivedMessage {
  readonly to: readonly string[];
  readonly isTls: boolean;
  /** SNI of the client. */
  readonly serverName: string | null;
  readonly requireTls: boolean;
}

/** A mail host of a lab, which accepts everything; see `FakeSmtpBackend` for the localparts that it does not. */
export interface MailHost extends AsyncDisposable {
  readonly received: readonly ReceivedMessage[];
  /** Changes the certificate for connections to come. */
  readonly use: (tls: CertificatePem) => void;
}

/** Starts a mail host in this process: our own SMTP server on port 25 of an address. */
export async function startMailHost({
  address,
  hostname,
  tls,
  requireTls = false,
}: MailHostSettings): Promise<MailHost> {
  const log = new FakeLog();
  const backend = new ReceivingBackend();
  let context = tls === null || tls === 'broken' ? null : tlsContext(tls);
  const contextFor = (): TlsContext => {
    if (context === null) throw new Error('no certificate, as asked');
    return context;
  };
  let connections = 0;
  const listener = await listen({
    address,
    port: 25,
    log,
    ...(tls !== null && { tls: { contextFor } }),
    onConnection: async (channel) => {
      connections += 1;
      const session = new SmtpSession({
        loop: new FakeLoop(),
        channel,
        backend,
        options: {
          kind: 'mx',
          hostname,
          startTls: tls !== null,
          authWithoutTls: false,
          mailNeedsTls: false,
          dsn: false,
          futureRelease: false,
          requireTls,
          pedantic: true,
        },
        clock: systemClock,
        log,
        random: systemRandom,
        id: `${hostname}-${connections}`,
      });
      await session.run();
    },
  });
  return {
    received: backend.received,
    use: (other) => {
      context = tlsContext(other);
    },
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

class ReceivingBackend extends FakeSmtpBackend {
  readonly received: ReceivedMessage[] = [];

  override data(facts: SessionFacts, transaction: Transaction): ReturnType<FakeSmtpBackend['data']> {
    const { recipients, parameters } = transaction;
    this.received.push({
      to: recipients.map(({ address }) => (address === 'postmaster' ? address : writeAddress(address))),
      isTls: facts.tls !== null,
      serverName: facts.tls?.serverName ?? null,
      requireTls: parameters.requireTls,
    });
    return super.data(facts, transaction);
  }
}
