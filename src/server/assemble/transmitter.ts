import { nodeDialer, socksDialer, tlsContext } from '#host/net';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Resolver } from '#ports/resolver';
import { SmtpTransmitter, TransportSecrets } from '#server/transmit';
import type { OpenPort } from './listeners.ts';
import type { Services } from './services.ts';

/** Makes what carries mail out of the queue, over the machine's network. */
export function makeTransmitter(
  { configuration, files, clock, log, random }: Services,
  {
    listening,
    resolver,
    tlsPolicies,
  }: {
    readonly listening: readonly OpenPort[];
    readonly resolver: Resolver;
    readonly tlsPolicies: TlsPolicies;
  },
): SmtpTransmitter {
  const { hostname } = configuration.config.server;
  const own = listening.find(({ service }) => service === 'smtp')?.listener;
  return new SmtpTransmitter({
    network: {
      dialer: nodeDialer(),
      withCertificates: ({ own, trustedPem }) => {
        const trust = trustedPem === null ? {} : { trustedPem: [trustedPem] };
        return nodeDialer(own === null ? trust : { identity: tlsContext({ ...own, ...trust }) });
      },
      through: (proxy) => socksDialer({ proxy }),
    },
    resolver,
    secrets: new TransportSecrets({ files, folder: configuration.folder }),
    tlsPolicies,
    clock,
    random,
    log,
    hostname,
    ownSmtp: own === undefined ? null : { address: reachable(own.address), port: own.port },
  });
}

/** The address to reach an own port at, when it listens on all. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
