import { systemResolver } from '#host/dns';
import { nodeFetcher } from '#host/http';
import { defaultHandshakeLimits, machineIps, nodeDialer } from '#host/net';
import { SenderCheck, standardParts } from '#server/smtp-in';
import { standardRules } from '#server/submission';
import type { Parts } from './parts.ts';

/** Parts of a server for the internet. */
export const productionParts: Parts = {
  routing: (configured) => configured,
  signing: (configured) => configured,
  transmitter: (network) => network,
  fetcher: (resolver) => nodeFetcher({ resolver }),
  outsideView: ({ dns, clock, random, log }) => {
    const resolver = systemResolver({ ...dns, clock, random, log });
    return {
      resolver,
      dialer: nodeDialer(),
      ownIps: machineIps(),
      [Symbol.dispose]: () => resolver[Symbol.dispose](),
    };
  },
  senders: (resolver) => new SenderCheck(resolver),
  inbound: standardParts,
  submissionRules: standardRules,
  backend: (backend) => backend,
  sessions: (options, isStartTlsWanted = true) => {
    const usual = options.kind === 'mx' ? { ...options, startTls: options.startTls && isStartTlsWanted } : options;
    return { usual, trusted: usual };
  },
  trustedNetworks: [],
  handshakes: defaultHandshakeLimits,
  sparePorts: 0,
  isHttpHost: () => false,
};
