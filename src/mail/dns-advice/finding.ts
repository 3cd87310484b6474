import { lookupFailureText, type LookupFailure } from '#lib/dns';
import { zoneLine } from './record-text.ts';
import { areas, type Area, type Importance, type WantedRecord } from './wanted-record.ts';

/** Severity of a finding. */
export type Level = 'ok' | 'note' | 'warning' | 'error';

/** Remedy: a line for the zone, or something to do. */
export type Fix =
  | { readonly kind: 'publish'; readonly record: string }
  | { readonly kind: 'do'; readonly text: string };

/** Result of one check. It contains text from DNS unescaped: `writeReport` escapes it. */
export interface Finding {
  readonly area: Area;
  readonly level: Level;
  /** A name, an address, or a name with a record type. */
  readonly subject: string;
  readonly sentence: string;
  readonly fix: Fix | null;
}

const levels: readonly Level[] = ['error', 'warning', 'note', 'ok'];

/** Sorts findings: worst first, equal ones in the order of areas. */
export function orderFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ level, area }: Finding): number => levels.indexOf(level) * areas.length + areas.indexOf(area);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

/** Returns the severity of a missing or wrong record. */
export function levelOf(importance: Importance): Level {
  return importance === 'must' ? 'error' : importance === 'should' ? 'warning' : 'note';
}

/** Returns a function that makes findings about one subject; `fix` is something to do. */
export function about(area: Area, subject: string): (level: Level, sentence: string, fix: string | null) => Finding {
  return (level, sentence, fix) => ({ area, level, subject, sentence, fix: fix === null ? null : todo(fix) });
}

/** Makes a fix: publish a record. */
export function publish(record: WantedRecord): Fix {
  return { kind: 'publish', record: zoneLine(record) };
}

/** Makes a fix: do something. */
export function todo(text: string): Fix {
  return { kind: 'do', text };
}

/** Makes the finding for a resolver that does not answer. */
export function noResolver(why: LookupFailure): Finding {
  const sentence = `nothing can be looked up: ${lookupFailureText(why)}`;
  const fix = todo('see to the resolver in dns.servers of server.yaml, or else the one of this machine');
  return { area: 'host', level: 'error', subject: 'resolver', sentence, fix };
}

/** Reports whether a finding is one of `noResolver`. */
export function isNoResolver({ subject, level }: Finding): boolean {
  return subject === 'resolver' && level === 'error';
}

/** Makes the finding for a query without an answer: it does not mean absence, but is as bad where the answer matters. */
export function notLookedUp(area: Area, subject: string, why: LookupFailure, level: Level = 'warning'): Finding {
  if (why === 'bogus') {
    const sentence = 'DNSSEC validation fails: whoever validates sees nothing here';
    return { area, level: 'error', subject, sentence, fix: todo('repair the signatures or the DS record of the zone') };
  }
  const fix = todo('check the name servers of the zone and the resolver, then ask again');
  return { area, level, subject, sentence: `could not be looked up: ${lookupFailureText(why)}`, fix };
}
