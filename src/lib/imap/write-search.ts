import type { ResponseWriter } from './response-writer.ts';

/** Result of a SEARCH with RETURN; null members were not requested or do not apply (RFC 9051 §7.3.4). */
export interface EsearchResult {
  readonly tag: string;
  readonly uid: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly count: number | null;
  /** A sequence set as text. Null or empty is left out: RFC 4731 §3.1 says that ALL MUST NOT be sent when nothing matches. */
  readonly all: string | null;
  readonly modSeq: number | null;
}

/** Writes `* ESEARCH …` with its CRLF (RFC 9051 §7.3.4). */
export function writeEsearch(writer: ResponseWriter, result: EsearchResult): void {
  writer
    .ascii('* ESEARCH (TAG ')
    .quoted(result.tag, { utf8: false })
    .ascii(result.uid ? ') UID' : ')');
  if (result.min !== null) writer.ascii(' MIN ').number(result.min);
  if (result.max !== null) writer.ascii(' MAX ').number(result.max);
  if (result.count !== null) writer.ascii(' COUNT ').number(result.count);
  if (result.all !== null && result.all !== '') writer.ascii(' ALL ').ascii(result.all);
  if (result.modSeq !== null) writer.ascii(' MODSEQ ').number(result.modSeq);
  writer.crlf();
}
