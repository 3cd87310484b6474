import type { StsLimits } from './limits.ts';
import { defaultLimits } from './limits.ts';
import { parseStsPolicy, type StsPolicy } from './policy.ts';

/** Name in TLS reports for a policy that cannot be fetched (RFC 8460 §4.3.2.2). */
export type StsFetchFailure = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';

/** Result of fetching a policy. */
export type StsFetched =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  | { readonly kind: 'failed'; readonly failure: StsFetchFailure; readonly reason: string };

/** Response of the policy host to the GET of `stsPolicyUrl`; redirects MUST NOT be followed (RFC 8461 §3.3). */
export interface StsResponse {
  readonly status: number;
  /** Value of Content-Type; null when there was none. */
  readonly contentType: string | null;
  /** At most one byte more than `maxPolicyBytes` is needed. */
  readonly body: Uint8Array;
}

/**
 * Reads the policy from a response. Fails for a status other than 200 (RFC 8461 §3.3) and for a media type other than text/plain
 * (RFC 8461 §3.2: SHOULD, because untrusted users may upload other files to a web server); a missing type is accepted.
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
