import type { Signing } from '#mail/dkim';
import type { Fetcher } from '#ports/fetcher';
import { OperationRefused, type OutsideView } from '#server/operations';

/** Signs nothing: a development server has no DNS in which a verifier could find its keys. */
export const noSigning: Signing = {
  plan: { choose: () => ({ kind: 'unsigned', reason: 'a development server signs nothing' }) },
};

/** Fetches nothing: a development server stays by itself. */
export const noFetcher: Fetcher = {
  fetch: () => Promise.resolve({ kind: 'failed', why: 'connect', reason: 'localserve fetches nothing' }),
};

/** Opens no view of the network. @throws OperationRefused always. */
export function noOutsideView(): OutsideView {
  throw new OperationRefused(
    'this is a development server (localserve): its mail stays on this machine, so there is nothing to publish or check in DNS',
  );
}
