import type { Answer, Records, Resolver } from '#ports/resolver';
import type { DomainFacts } from './facts.ts';
import { about, notLookedUp, publish, type Finding } from './finding.ts';
import { recordText } from './record-text.ts';
import type { WantedRecord } from './wanted-record.ts';

/**
 * Checks whether our authority may issue certificates for the mail host. The records of the nearest name upwards count (RFC 8659 §3). Issue
 * records that do not name our authority forbid it (RFC 8659 §4.2), and accounturi limits it to an account (RFC 8657 §3).
 */
export async function checkCaa(wanted: WantedRecord, { caa }: DomainFacts, resolver: Resolver): Promise<Finding> {
  const { area, name, value } = wanted;
  const { at, answer } = await relevantSet(name, resolver);
  const subject = `${at} CAA`;
  if (answer.kind === 'failed') return notLookedUp(area, subject, answer.why);
  const make = about(area, subject);
  const wrong = (level: Finding['level'], sentence: string): Finding => ({
    ...make(level, sentence, null),
    fix: publish(wanted),
  });
  const issue = answer.kind === 'found' ? answer.records.filter(({ tag }) => tag.toLowerCase() === 'issue') : [];
  // RFC 8659 §3: a set without records that restrict issuance does not restrict it.
  if (issue.length === 0) return wrong('note', `is missing. ${wanted.why}`);
  const found = issue.map((data) => recordText({ type: 'CAA', data })).join(' and ');
  const ours = issue.filter((data) => issuerOf(data.value) === caa?.issuer);
  if (ours.length === 0)
    return wrong('error', `forbids our authority, ${caa?.issuer}: it is ${found}, wanted is ${value}`);
  const uri = caa?.accountUri ?? null;
  if (uri === null || ours.some((data) => accountOf(data.value) === uri)) return make('ok', `is right: ${found}`, null);
  return ours.some((data) => accountOf(data.value) === null)
    ? wrong('note', `names no account: it is ${found}, wanted is ${value}`)
    : wrong('error', `names another account: it is ${found}, wanted is ${value}`);
}

/** Finds the relevant set: that of the nearest name upwards which has CAA records (RFC 8659 §3). */
async function relevantSet(
  name: string,
  resolver: Resolver,
): Promise<{ readonly at: string; readonly answer: Answer<Records['CAA']> }> {
  const labels = name.split('.');
  for (let i = 0; i < labels.length - 1; i += 1) {
    const at = labels.slice(i).join('.');
    const answer = await resolver.query(at, 'CAA');
    if (answer.kind !== 'absent') return { at, answer };
  }
  return { at: name, answer: await resolver.query(name, 'CAA') };
}

function issuerOf(value: string): string {
  return (value.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function accountOf(value: string): string | null {
  return /;\s*accounturi\s*=\s*([^;\s]+)/i.exec(value)?.[1] ?? null;
}
