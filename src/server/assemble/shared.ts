import { defaultHandshakeLimits, HandshakeGate } from '#host/net';
import { encodeHex } from '#lib/codecs';
import { Admission } from '#server/admission';
import { privateNetworks } from '#server/localserve';
import { SenderCheck } from '#server/smtp-in';
import type { Resolver } from '#ports/resolver';
import type { Services } from './services.ts';

/** State that all connections of a process share besides the stored data. */
export interface Shared {
  readonly admission: Admission;
  /** Gate at which TLS handshakes wait for their turn. */
  readonly handshakes: HandshakeGate;
  readonly resolver: Resolver;
  readonly senders: SenderCheck;
  /** Fresh connection ids, unguessable so that a log line can be quoted to strangers. */
  readonly nextConnectionId: () => string;
}

/** Addresses of every machine itself. */
const loopback = ['127.0.0.0/8', '::1'];

/** On a development server one program may have all places. */
const developmentHandshakes = {
  ...defaultHandshakeLimits,
  maxPerAddress: defaultHandshakeLimits.maxUnderWay,
  maxWaitingPerAddress: defaultHandshakeLimits.maxWaiting,
};

/** Makes what connections share. */
export function makeShared({ configuration, clock, log, random }: Services, resolver: Resolver): Shared {
  const { limits, listeners, localserve } = configuration.config.server;
  const trustedNetworks = localserve ? [...limits.trustedNetworks, ...privateNetworks] : limits.trustedNetworks;
  // A client whose address is one that we listen on is on this machine.
  const ownNetworks = [...loopback, ...Object.values(listeners).flatMap(({ addresses }) => addresses.filter(isOne))];
  return {
    admission: new Admission({ clock, log, trustedNetworks, ownNetworks, maxConnections: limits.maxConnections }),
    handshakes: new HandshakeGate(localserve ? developmentHandshakes : defaultHandshakeLimits),
    resolver,
    senders: new SenderCheck(resolver),
    nextConnectionId: () => encodeHex(random.bytes(6)),
  };
}

function isOne(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::';
}
