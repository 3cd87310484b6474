import { HandshakeGate } from '#host/net';
import { encodeHex } from '#lib/codecs';
import { Admission, Logins } from '#server/admission';
import type { JmapShared } from '#server/jmap';
import type { SenderChecks } from '#server/smtp-in';
import type { Resolver } from '#ports/resolver';
import type { Services } from './services.ts';

/** State that all connections of a process share besides the stored data. */
export interface Shared extends Disposable {
  readonly admission: Admission;
  readonly logins: Logins;
  /** Gate at which TLS handshakes wait for a permit. */
  readonly handshakes: HandshakeGate;
  readonly resolver: Resolver;
  readonly senders: SenderChecks;
  /** Fresh connection ids, unguessable so that a log line can be quoted to strangers. */
  readonly nextConnectionId: () => string;
  /** State of JMAP, made at its first use. */
  readonly jmap: () => Promise<JmapShared>;
}

/** Addresses of every machine itself. */
const loopback = ['127.0.0.0/8', '::1'];

/** Makes what connections share. */
export function makeShared(services: Services, resolver: Resolver): Shared {
  const { configuration, parts, clock, log, random } = services;
  let jmap: Promise<JmapShared> | null = null;
  const { limits, listeners } = configuration.config.server;
  const trustedNetworks = [...limits.trustedNetworks, ...parts.trustedNetworks];
  // A client whose address is one that we listen on is on this machine.
  const ownNetworks = [...loopback, ...Object.values(listeners).flatMap(({ addresses }) => addresses.filter(isOne))];
  const { maxConnections } = limits;
  const admission = new Admission({ clock, log, trustedNetworks, ownNetworks, maxConnections });
  const logins = new Logins({ ...services, admission });
  return {
    admission,
    logins,
    handshakes: new HandshakeGate(parts.handshakes),
    resolver,
    senders: parts.senders(resolver),
    nextConnectionId: () => encodeHex(random.bytes(6)),
    jmap: () => (jmap ??= makeJmapShared(services)),
    [Symbol.dispose]: () => logins[Symbol.dispose](),
  };
}

async function makeJmapShared(services: Services): Promise<JmapShared> {
  const { JmapShared: Made } = await import('#server/jmap');
  return new Made(services);
}

function isOne(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::';
}
