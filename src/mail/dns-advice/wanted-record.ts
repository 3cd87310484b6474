import { recordText, type RecordData } from './record-text.ts';

/** Areas of records and findings, in the order of reports. */
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
 * Without a `must` record, mail does not work or is not trusted; without a `should` record, it is less secure; `may` is convenience.
 * A `later` record points to a service that the server does not offer yet: it should not be published before.
 */
export type Importance = 'must' | 'should' | 'may' | 'later';

/** A record that DNS should hold. */
export type WantedRecord = RecordData & {
  /** Owner name, without the final dot. */
  readonly name: string;
  /** Data as in a zone file; the text of a TXT record without quotes. */
  readonly value: string;
  /** Reason, as a sentence. */
  readonly why: string;
  readonly importance: Importance;
  readonly area: Area;
};

/** Purpose of a wanted record. */
export type Purpose = Pick<WantedRecord, 'area' | 'importance' | 'why'>;

/** Makes a wanted record of any type. */
export function record(name: string, data: RecordData, purpose: Purpose): WantedRecord {
  return { name, ...data, value: recordText(data), ...purpose };
}

/** Makes a wanted TXT record. */
export function txt(name: string, data: string, purpose: Purpose): WantedRecord {
  return record(name, { type: 'TXT', data }, purpose);
}
