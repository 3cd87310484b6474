import { parseDomain } from '#lib/domain';
import type { DkimConfig } from './dkim-schema.ts';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { DomainsConfig } from './domains-schema.ts';

/** Reports a problem at a path below the `dkim` of a domain. */
type Report = (path: readonly (string | number)[], reason: string, fix: string) => void;

/** Fields that later hosts add, change or remove, which SHOULD NOT be signed (RFC 6376 §5.4): the signature would break. */
const changedOnTheWay = new Set([
  'received',
  'return-path',
  'delivered-to',
  'bcc',
  'resent-bcc',
  'authentication-results',
  'dkim-signature',
]);

/** Checks what a schema cannot express about DKIM: names of selectors and header fields. The keys themselves are read by #server/dkim. */
export function checkDkim({ value, problemAt }: ConfigDocument<DomainsConfig>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, { dkim }] of Object.entries(value.domains)) {
    const report: Report = (path, reason, fix) => {
      problems.push(problemAt(['domains', name, 'dkim', ...path], reason, fix));
    };
    checkSelectors(dkim, report);
    checkSign(dkim, report);
  }
  return problems;
}

function checkSelectors({ selectors }: DkimConfig, report: Report): void {
  const known = new Map<string, string>();
  for (const [name, { headers = [] }] of Object.entries(selectors)) {
    const path = ['selectors', name];
    const parsed = parseDomain(name, { allowUnderscore: true });
    if (!parsed.ok) report(path, `not a selector: ${parsed.reason}`, 'Use letters, digits and hyphens, such as 2026a');
    else {
      const twin = known.get(parsed.value.ascii);
      if (twin !== undefined) report(path, `is the same selector as ${twin}`, 'Keep one of them');
      known.set(parsed.value.ascii, name);
    }
    for (const [i, field] of headers.entries()) {
      const at = [...path, 'headers', i];
      // RFC 5322 §2.2: a field name is printable US-ASCII without the colon. A semicolon would end the h= tag (RFC 6376 §3.2).
      if (!/^[!-9<-~]+$/.test(field)) report(at, 'not the name of a header field', 'Write names such as Subject');
      else if (changedOnTheWay.has(field.toLowerCase()))
        report(at, `${field} changes on the way, and the signature would break`, 'Remove it from the list');
    }
  }
}

function checkSign({ selectors, sign }: DkimConfig, report: Report): void {
  for (const [i, name] of sign.entries()) {
    if (!Object.hasOwn(selectors, name)) {
      const names = Object.keys(selectors).slice(0, 5);
      const fix = names.length === 0 ? "'godwit dkim add' makes one" : `Selectors are: ${names.join(', ')}`;
      report(['sign', i], `no selector ${name}`, fix);
    } else if (sign.indexOf(name) < i) report(['sign', i], `${name} is there twice`, 'Remove one of them');
  }
}
