import { defaultLimits, type TlsrptLimits } from './limits.ts';
import type { TlsFact, TlsFailure, TlsPolicy, TlsTally } from './types.ts';

/**
 * Aggregates facts by policy, and failures of the same kind between the same hosts. A session that failed in several ways counts once
 * in the total and once in each detail (RFC 8460 §4). Details beyond `maxDetails` of a policy count only in its total.
 */
export function tallyTls(facts: Iterable<TlsFact>, limits: TlsrptLimits = defaultLimits): TlsTally[] {
  const tallies = new Map<string, PolicyTally>();
  for (const fact of facts) {
    const { type, domain, strings, mxHosts } = fact.policy;
    const key = JSON.stringify([type, domain, strings, mxHosts]);
    let tally = tallies.get(key);
    if (tally === undefined) {
      tally = new PolicyTally(fact.policy, limits.maxDetails);
      tallies.set(key, tally);
    }
    tally.add(fact);
  }
  return Array.from(tallies.values(), (tally) => tally.finish());
}

class PolicyTally {
  readonly #policy: TlsPolicy;
  readonly #maxDetails: number;
  readonly #details = new Map<string, { readonly failure: TlsFailure; sessions: number }>();
  #successes = 0;
  #failures = 0;

  constructor(policy: TlsPolicy, maxDetails: number) {
    this.#policy = policy;
    this.#maxDetails = maxDetails;
  }

  add({ failures, sessions = 1 }: TlsFact): void {
    if (failures.length === 0) this.#successes += sessions;
    else this.#failures += sessions;
    for (const failure of failures) {
      const { result, sendingIp, mxHost, mxHelo, receivingIp, moreInfo, reasonCode } = failure;
      const key = JSON.stringify([result, sendingIp, mxHost, mxHelo, receivingIp, moreInfo, reasonCode]);
      const known = this.#details.get(key);
      if (known !== undefined) known.sessions += sessions;
      else if (this.#details.size < this.#maxDetails) this.#details.set(key, { failure, sessions });
    }
  }

  finish(): TlsTally {
    return {
      policy: this.#policy,
      successes: this.#successes,
      failures: this.#failures,
      details: Array.from(this.#details.values(), ({ failure, sessions }) => ({ ...failure, sessions })),
    };
  }
}
