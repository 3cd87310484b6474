/** Reason why a question has no answer: the content of a response, or its absence. */
export type LookupFailure = 'servfail' | 'bogus' | 'refused' | 'timeout' | 'unavailable';

const texts: Readonly<Record<LookupFailure, string>> = {
  // Also for a response that cannot be read, and for aliases without end.
  servfail: 'the name servers failed (SERVFAIL)',
  bogus: 'the answer is not validly signed (DNSSEC: bogus)',
  refused: 'the resolver refused to answer (REFUSED)',
  timeout: 'no answer in time',
  unavailable: 'no resolver could be reached',
};

/** Describes to people why a lookup failed, without naming the question: `the name servers failed (SERVFAIL)`. */
export function lookupFailureText(why: LookupFailure): string {
  return texts[why];
}
