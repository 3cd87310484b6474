import { recordText, type RecordData } from './record-text.ts';

/** Subject of a record or finding; the order here is the order of reports. */
export const areas = [
  'host',
  'mx',
  'smtp',
  'reverse',
  'dnsbl',
  'spf',
  'dkim',
  'dmarc',
  'dnssec',
  'tlsa',
  'mta-sts',
  'tls-rpt',
  'srv',
  'autoconfig',
  'caa',
] as const;

/** One of `areas`. */
export type Area = (typeof areas)[number];

/**
 * Without a `must` record mail does not work or is not believed, without a `should` it is less safe; `may` is comfort.
 * A `later` record leads to something that the server does not offer yet: it is not to be published before.
 */
export type Importance = 'must' | 'should' | 'may' | 'later';

/** A record that DNS should hold. */
export type WantedRecord = RecordData & {
  /** Owner, without the final dot. */
  readonly name: string;
  /** The data as in a zone file; the text of a TXT record as it is, without quotes. */
  readonly value: string;
  /** A sentence. */
  readonly why: string;
  readonly importance: Importance;
  readonly area: Area;
};

/** Purpose of a wanted record. */
export type Purpose = Pick<WantedRecord, 'area' | 'importance' | 'why'>;

/** A wanted record of any type. */
export function record(name: string, data: RecordData, purpose: Purpose): WantedRecord {
  return { name, ...data, value: recordText(data), ...purpose };
}

/** A wanted TXT record. */
export function txt(name: string, data: string, purpose: Purpose): WantedRecord {
  return record(name, { type: 'TXT', data }, purpose);
}
