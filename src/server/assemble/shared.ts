import { encodeHex } from '#lib/codecs';
import { Admission } from '#server/admission';
import { SenderCheck } from '#server/smtp-in';
import type { Resolver } from '#ports/resolver';
import type { Services } from './services.ts';

/** What all connections of a process share besides the stored data. */
export interface Shared {
  readonly admission: Admission;
  readonly resolver: Resolver;
  readonly senders: SenderCheck;
  /** Fresh connection ids, unguessable so that a log line can be quoted to strangers. */
  readonly nextConnectionId: () => string;
}

/** Addresses of this machine itself, which a development server does not limit. */
const loopback = ['127.0.0.0/8', '::1'];

/** Makes what connections share. */
export function makeShared({ configuration, clock, random }: Services, resolver: Resolver): Shared {
  const { limits, localserve } = configuration.config.server;
  const trustedNetworks = localserve ? [...limits.trustedNetworks, ...loopback] : limits.trustedNetworks;
  return {
    admission: new Admission({ clock, trustedNetworks }),
    resolver,
    senders: new SenderCheck(resolver),
    nextConnectionId: () => encodeHex(random.bytes(6)),
  };
}
