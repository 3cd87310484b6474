import { defaultHandshakeLimits } from '#host/net';
import {
  anyAddress,
  anyMail,
  anySender,
  isDeveloperHost,
  KeptRouting,
  lenientSessions,
  noFetcher,
  noOutsideView,
  noSigning,
  PlannedBackend,
  PlannedTransmitter,
  privateNetworks,
} from '#server/localserve';
import type { Parts } from './parts.ts';

/** Returns the parts of a development server: those of production, but for what keeps mail here and lets programs of developers do as they like. */
export function developmentParts(production: Parts): Parts {
  return {
    ...production,
    routing: (configured) => new KeptRouting(configured),
    signing: () => noSigning,
    transmitter: (network) => new PlannedTransmitter(network),
    fetcher: () => noFetcher,
    outsideView: noOutsideView,
    senders: () => anySender,
    inbound: anyMail,
    submissionRules: anyAddress,
    backend: (backend, deps) => new PlannedBackend(backend, deps),
    sessions: lenientSessions,
    trustedNetworks: privateNetworks,
    // One program may have all places.
    handshakes: {
      ...defaultHandshakeLimits,
      maxPerAddress: defaultHandshakeLimits.maxUnderWay,
      maxWaitingPerAddress: defaultHandshakeLimits.maxWaiting,
    },
    sparePorts: 100,
    isHttpHost: isDeveloperHost,
  };
}
