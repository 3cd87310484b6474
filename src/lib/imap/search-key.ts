import type { SequenceSet } from './sequence-set.ts';

/** A calendar day without time zone, as milliseconds of its 00:00 UTC since 1970. */
export type DayMs = number;

/**
 * One search key (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 5032 §3, RFC 7162 §3.1.5, RFC 8514 §4.3). Texts are Unicode.
 * Several keys in a row are an `and` (RFC 9051 §6.4.4: the intersection); ANSWERED and similar are `flag`, UNANSWERED and similar `flag` in a `not`.
 */
export type SearchKey =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly kind: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly kind: 'not'; readonly key: SearchKey }
  /** Message sequence numbers. */
  | { readonly kind: 'sequence'; readonly set: SequenceSet }
  | { readonly kind: 'uid'; readonly set: SequenceSet }
  /** A system flag by its bit (`SystemFlag` of #lib/flags). */
  | { readonly kind: 'flag'; readonly bit: number }
  /** A keyword by its `keywordKey`; UNKEYWORD is this in a `not`. */
  | { readonly kind: 'keyword'; readonly keyword: string }
  /** NEW, OLD and RECENT (RFC 3501 §6.4.4), for servers without \Recent. */
  | { readonly kind: 'new' }
  | { readonly kind: 'old' }
  | { readonly kind: 'recent' }
  /** Substring of an address or subject field of the header. */
  | { readonly kind: 'bcc' | 'cc' | 'from' | 'to' | 'subject'; readonly text: string }
  /** Substring of any header field; empty text matches every message with the field (RFC 9051 §6.4.4). `field` is as written. */
  | { readonly kind: 'header'; readonly field: string; readonly text: string }
  | { readonly kind: 'body' | 'text'; readonly text: string }
  /** Internal date or Date header field, compared by day, disregarding time and timezone (RFC 9051 §6.4.4). */
  | {
      readonly kind: 'before' | 'on' | 'since' | 'sentBefore' | 'sentOn' | 'sentSince';
      readonly day: DayMs;
    }
  | { readonly kind: 'savedBefore' | 'savedOn' | 'savedSince'; readonly day: DayMs }
  | { readonly kind: 'saveDateSupported' }
  | { readonly kind: 'larger' | 'smaller'; readonly sizeBytes: number }
  /** Internal date relative to now (RFC 5032 §3). */
  | { readonly kind: 'older' | 'younger'; readonly seconds: number }
  /** `entry` is the flag's entry name as written, null when absent; the value is at most 2^53-1. */
  | { readonly kind: 'modSeq'; readonly modSeq: number; readonly entry: string | null };

/** RETURN options of SEARCH (RFC 9051 §6.4.4, RFC 4731 §3.1, RFC 5182 §2.1). */
export type SearchReturn = 'min' | 'max' | 'all' | 'count' | 'save';
