import { type Parsed, parsed, refused } from '#lib/parsed';
import { defaultLimits, type StsLimits } from './limits.ts';

/** A TXT record that announces a policy. */
export interface StsRecord {
  /** Id of one version of the policy: 1 to 32 letters and digits. */
  readonly id: string;
}

/** Returns the DNS name at which a domain (A-labels) announces its policy (RFC 8461 §3.1). */
export function stsRecordName(domain: string): string {
  return `_mta-sts.${domain}`;
}

const versionPattern = /^v=STSv1[ \t]*(?:;|$)/;
const fieldPattern = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([\x21-\x3a\x3c\x3e-\x7e]+)$/;
const idPattern = /^[A-Za-z0-9]{1,32}$/;

/** Parses one TXT record (RFC 8461 §3.1). Refuses malformed ones and those without id. Unknown fields are ignored; of a repeated field the first is used. */
export function parseStsRecord(text: string, limits: StsLimits = defaultLimits): Parsed<StsRecord> {
  if (text.length > limits.maxRecordChars) return refused(limits.maxRecordChars, 'record too long');
  if (!versionPattern.test(text)) return refused(0, 'v=STSv1 expected');
  let id: string | null = null;
  let at = text.indexOf(';') + 1;
  while (at > 0 && at < text.length) {
    const end = text.indexOf(';', at);
    const field = text.slice(at, end < 0 ? undefined : end).trim();
    if (field === '' && end < 0) break;
    const [, name, value = ''] = fieldPattern.exec(field) ?? [];
    if (name === undefined) return refused(at, 'name=value expected');
    if (name === 'id' && id === null) {
      if (!idPattern.test(value)) return refused(at, 'id of 1 to 32 letters and digits expected');
      id = value;
    }
    at = end + 1;
  }
  return id === null ? refused(text.length, 'the record has no id') : parsed({ id });
}

/** Writes the TXT record for a policy. @throws RangeError for an id that is not 1 to 32 letters and digits. */
export function writeStsRecord({ id }: StsRecord): string {
  if (!idPattern.test(id)) throw new RangeError(`bad MTA-STS id ${id}`);
  return `v=STSv1; id=${id};`;
}

/**
 * Chooses the record among the TXT records of `stsRecordName`. Records with another version are discarded. Refuses none, several and
 * malformed ones: senders MUST then assume that there is no policy (RFC 8461 §3.1).
 */
export function chooseStsRecord(texts: readonly string[], limits: StsLimits = defaultLimits): Parsed<StsRecord> {
  const [only, ...more] = texts.filter((text) => versionPattern.test(text));
  if (only === undefined) return refused(0, 'no MTA-STS record');
  if (more.length > 0) return refused(0, `${more.length + 1} MTA-STS records in place of one`);
  return parseStsRecord(only, limits);
}
