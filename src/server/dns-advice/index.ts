/**
 * What the configuration means for DNS: facts about a domain of ours gathered from it, and mail hosts tried as another server would.
 * Which records follow from the facts, and how they compare with what is published, is #mail/dns-advice's business.
 * Invariant: what is not known is left out of the facts and said in a remark, never guessed.
 */
export { gatherFacts, type GatheredFacts } from './gather-facts.ts';
export { SmtpHostProber } from './host-prober.ts';
