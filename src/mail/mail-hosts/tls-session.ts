import { verifyDane, type DaneVerdict } from '#lib/dane';
import type { TlsFact, TlsFailure, TlsResult } from '#lib/tlsrpt';
import type { DaneDemand, HostTls, TlsDemand, TlsMeasure } from './tls-policy.ts';

/** Result of TLS on a connection. */
export type SessionTls =
  /** The host does not offer STARTTLS. */
  | { readonly kind: 'not-offered' }
  /** STARTTLS was refused, or the handshake failed. */
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'secured';
      /** DER certificates as the host sent them, its own first. */
      readonly chain: readonly Uint8Array[];
      /** Reason why PKIX verification for the host's name failed, as OpenSSL's code where there is one; null: it did not. */
      readonly pkixProblem: string | null;
    };

/** Ends of a session. Unknown facts are null. */
export interface SessionEnds {
  readonly sendingIp: string | null;
  readonly receivingIp: string | null;
  readonly mxHost: string;
  /** Name in the host's EHLO reply. */
  readonly mxHelo: string | null;
}

/** Judgement of a connection: whether mail may go over it, and the facts for TLS reports. */
export interface TlsJudgement {
  readonly verdict:
    | { readonly kind: 'proceed'; readonly security: 'plaintext' | 'encrypted' | 'authenticated' }
    /** Connect to the same host again and do not start TLS. */
    | { readonly kind: 'retry-plaintext' }
    /** Nothing may be sent there. `status` is an enhanced status code; class 5 only for REQUIRETLS (RFC 8689 §4.2.1). */
    | { readonly kind: 'skip'; readonly status: string; readonly reason: string };
  /** One for each policy that the session was measured by. */
  readonly facts: readonly TlsFact[];
}

/** Judges a connection by what was decided before it was made. @param nowMs  Milliseconds since 1970. */
export function judgeTls(
  decided: Extract<HostTls, { kind: 'connect' }>,
  session: SessionTls,
  ends: SessionEnds,
  nowMs: number,
): TlsJudgement {
  const judge = new SessionJudge(session, nowMs);
  return {
    verdict: judge.verdict(decided.demand, decided.requireTls === 'must'),
    facts: decided.measures.map((measure) => judge.fact(measure, ends)),
  };
}

/** Returns the facts for TLS reports about a skipped host: only failures (RFC 8461 §6). */
export function factsOfSkipped(skipped: Extract<HostTls, { kind: 'skip' }>, ends: SessionEnds): TlsFact[] {
  return skipped.measures
    .filter(({ known }) => known.length > 0)
    .map(({ policy, known }) => ({ policy, failures: known.map((problem) => failureOf(problem, ends)) }));
}

interface Problem {
  readonly result: TlsResult;
  readonly reason: string;
}

class SessionJudge {
  readonly #session: SessionTls;
  readonly #nowMs: number;
  /** Records are verified once, for the verdict and for the report. */
  readonly #verdicts = new Map<readonly unknown[], DaneVerdict>();

  constructor(session: SessionTls, nowMs: number) {
    this.#session = session;
    this.#nowMs = nowMs;
  }

  verdict(demand: TlsDemand, isRequireTls: boolean): TlsJudgement['verdict'] {
    if (demand.kind === 'opportunistic' && this.#session.kind !== 'secured') {
      return this.#session.kind === 'failed' ? { kind: 'retry-plaintext' } : { kind: 'proceed', security: 'plaintext' };
    }
    const problem = this.#problemWith(demand);
    if (problem === null) {
      const isAuthenticated = demand.kind !== 'opportunistic' && demand.kind !== 'unverified';
      return { kind: 'proceed', security: isAuthenticated ? 'authenticated' : 'encrypted' };
    }
    const detail = problem.result === 'starttls-not-supported' ? '10' : '5';
    const reason = problem.reason === pkixProblemOf(this.#session) ? pkixText(problem.reason) : problem.reason;
    return { kind: 'skip', status: isRequireTls ? '5.7.10' : `4.7.${detail}`, reason };
  }

  fact({ policy, check, known }: TlsMeasure, ends: SessionEnds): TlsFact {
    const found = this.#problemWith(check);
    const problems = found === null ? known : [...known, found];
    return { policy, failures: problems.map((problem) => failureOf(problem, ends)) };
  }

  #problemWith(check: TlsDemand | TlsMeasure['check']): Problem | null {
    if (this.#session.kind === 'not-offered')
      return { result: 'starttls-not-supported', reason: 'the host does not offer STARTTLS' };
    if (this.#session.kind === 'failed') return { result: 'validation-failure', reason: this.#session.reason };
    const { pkixProblem, chain } = this.#session;
    switch (check.kind) {
      case 'tls':
      case 'opportunistic':
      case 'unverified':
        return null;
      case 'pkix':
        return pkixProblem === null ? null : { result: pkixResult(pkixProblem), reason: pkixProblem };
      case 'dane':
        return this.#daneProblem(chain, check);
      case 'dane-and-pkix':
        return this.#daneProblem(chain, check) ?? this.#problemWith({ kind: 'pkix' });
    }
  }

  #daneProblem(chain: readonly Uint8Array[], { records, names }: Omit<DaneDemand, 'kind'>): Problem | null {
    let verdict = this.#verdicts.get(records);
    if (verdict === undefined) {
      verdict = verifyDane({ chain, records, names, nowMs: this.#nowMs });
      this.#verdicts.set(records, verdict);
    }
    return verdict.kind === 'verified' ? null : { result: daneResults[verdict.why], reason: verdict.reason };
  }
}

const daneResults = {
  'no-certificate': 'validation-failure',
  'no-match': 'certificate-not-trusted',
  'name-mismatch': 'certificate-host-mismatch',
  expired: 'certificate-expired',
  untrusted: 'certificate-not-trusted',
} as const satisfies Record<Extract<DaneVerdict, { kind: 'refused' }>['why'], TlsResult>;

/** Codes of OpenSSL and Node (RFC 8460 §4.3.1). */
function pkixResult(problem: string): TlsResult {
  if (/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/.test(problem)) return 'certificate-expired';
  if (/ALTNAME_INVALID|HOSTNAME_MISMATCH/.test(problem)) return 'certificate-host-mismatch';
  return 'certificate-not-trusted';
}

function pkixProblemOf(session: SessionTls): string | null {
  return session.kind === 'secured' ? session.pkixProblem : null;
}

/** The same for people. */
function pkixText(problem: string): string {
  switch (pkixResult(problem)) {
    case 'certificate-expired':
      return `its certificate is not valid today (${problem})`;
    case 'certificate-host-mismatch':
      return `its certificate is for another name (${problem})`;
    default:
      return `no trusted authority vouches for its certificate (${problem})`;
  }
}

/** Longest reason that a report repeats: a peer may have had a say in it. */
const maxReasonChars = 200;

function failureOf({ result, reason }: Problem, ends: SessionEnds): TlsFailure {
  // The kind says it all; the others are to have a reason (RFC 8460 §4.3.1).
  const isPlain = result === 'starttls-not-supported';
  return { ...ends, result, moreInfo: null, reasonCode: isPlain ? null : reason.slice(0, maxReasonChars) };
}
