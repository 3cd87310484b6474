import type { StsLimits } from './limits.ts';
import { defaultLimits } from './limits.ts';
import { parseStsPolicy, type StsPolicy } from './policy.ts';

/** Name in TLS reports for a policy that cannot be fetched (RFC 8460 §4.3.2.2). */
export type StsFetchFailure = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';

/** Result of fetching a policy. `webpki`: the certificate of the policy host did not pass. */
export type StsFetched =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  | { readonly kind: 'failed'; readonly failure: StsFetchFailure; readonly reason: string };

/** Answer of the policy host to the GET of `stsPolicyUrl`, redirects not followed. */
export interface StsResponse {
  readonly status: number;
  /** Value of Content-Type, null when there was none. */
  readonly contentType: string | null;
  /** At the most one byte more than `maxPolicyBytes` need be given. */
  readonly body: Uint8Array;
}

/**
 * What a response says (RFC 8461 §3.2, §3.3): only status 200 counts. A media type other than text/plain is refused, since
 * elsewhere on a web server strangers may put files; none at all is let pass.
 */
export function readStsResponse(
  { status, contentType, body }: StsResponse,
  limits: StsLimits = defaultLimits,
): StsFetched {
  if (status !== 200)
    return { kind: 'failed', failure: 'sts-policy-fetch-error', reason: `the policy host answered ${status}` };
  if (contentType !== null && !/^[ \t]*text\/plain[ \t]*(?:;|$)/i.test(contentType))
    return { kind: 'failed', failure: 'sts-policy-invalid', reason: 'the policy is not text/plain' };
  const policy = parseStsPolicy(body, limits);
  return policy.ok
    ? { kind: 'policy', policy: policy.value }
    : { kind: 'failed', failure: 'sts-policy-invalid', reason: policy.reason };
}
