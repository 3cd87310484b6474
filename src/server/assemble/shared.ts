import { HandshakeGate } from '#host/net';
import { encodeHex } from '#lib/codecs';
import { PushSubscriptions } from '#mail/push-subscriptions';
import { Admission, disabledText, Logins } from '#server/admission';
import type { JmapShared } from '#server/jmap';
import type { SenderChecks } from '#server/smtp-in';
import type { Resolver } from '#ports/resolver';
import { jmapAccounts } from './jmap-accounts.ts';
import type { Services } from './services.ts';

/** State that all connections of a process share besides the stored data. */
export interface Shared extends AsyncDisposable {
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
    jmap: () => (jmap ??= makeJmapShared(services, resolver)),
    async [Symbol.asyncDispose]() {
      logins[Symbol.dispose]();
      // What could not be made was reported by those who needed it.
      const made = await jmap?.catch(() => null);
      await made?.[Symbol.asyncDispose]();
    },
  };
}

/** Makes the state of JMAP, and takes up the push subscriptions of before. */
async function makeJmapShared(services: Services, resolver: Resolver): Promise<JmapShared> {
  const { configuration, databases, checker, clock, parts, random } = services;
  const [{ JmapShared: Made, WebPush, webPushLimits: limits }, { loadVapidKey }] = await Promise.all([
    import('#server/jmap'),
    import('./vapid-key.ts'),
  ]);
  const store = new PushSubscriptions(databases.server);
  const key = await loadVapidKey(store);
  const fetcher = parts.fetcher(resolver);
  const contact = `mailto:postmaster@${configuration.config.server.hostname}`;
  const holds: ConstructorParameters<typeof WebPush>[0]['holds'] = async (identity) => {
    const isOver = identity.untilMs !== undefined && identity.untilMs <= clock.now();
    return !isOver && disabledText(configuration, identity) === null && (await checker.isStillProved(identity));
  };
  const made = new Made({
    ...services,
    ...jmapAccounts(services),
    makeWebPush: (watch) => new WebPush({ ...services, store, watch, holds, fetcher, random, key, contact, limits }),
  });
  await made.webPush.start();
  return made;
}

function isOne(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::';
}
