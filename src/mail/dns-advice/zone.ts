import { zoneLine } from './record-text.ts';
import type { WantedRecord } from './wanted.ts';

/** Records as JSON shows them. */
export interface RecordJson {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly why: string;
  readonly importance: string;
  /** The line of a zone file. */
  readonly zone: string;
}

/**
 * Records as a fragment of a zone file, with comments that say what they are for.
 * @param ttlS  Short by default, so that mistakes do not last.
 */
export function writeZone(records: readonly WantedRecord[], ttlS = 300): string {
  const lines = [`$TTL ${ttlS}`];
  let why = '';
  for (const record of records) {
    if (record.why !== why) lines.push('', `; ${record.importance}: ${record.why}`);
    why = record.why;
    lines.push(zoneLine(record));
  }
  return `${lines.join('\n')}\n`;
}

/** Records as plain values for JSON. */
export function recordsJson(records: readonly WantedRecord[]): RecordJson[] {
  return records.map((record) => {
    const { name, type, value, why, importance } = record;
    return { name, type, value, why, importance, zone: zoneLine(record) };
  });
}
