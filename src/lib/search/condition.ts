/** Text to look for. `value` is Unicode; matching is by substring, ignoring case (RFC 9051 §6.4.4). */
export type TextCondition =
  /** `name` is lower case; an empty `value` matches every message that has the field. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  /** Text of the body's text parts, decoded, and headers of messages inside. */
  | { readonly kind: 'body'; readonly value: string }
  /** Header or body, with the headers of all parts and the names of attachments. */
  | { readonly kind: 'text'; readonly value: string };

/** A condition on a message in a mailbox. Ranges begin with `from` and end before `before`. */
export type PlaceCondition =
  | TextCondition
  /** Its UID is one of these, which ascend. */
  | { readonly kind: 'among'; readonly uids: Uint32Array }
  /** It has a system flag, by its bit (`SystemFlag` of #lib/flags). */
  | { readonly kind: 'flag'; readonly bit: number }
  /** It has a keyword, by its `keywordKey`. */
  | { readonly kind: 'keyword'; readonly keyword: string }
  /** It changed with this MODSEQ or a later one. */
  | { readonly kind: 'modSeq'; readonly from: number }
  /** Its size in bytes, or a time in ms since 1970: when it was received or put into the mailbox, or the day of its Date field. */
  | {
      readonly kind: 'size' | 'received' | 'saved' | 'sentDay';
      readonly from: number;
      readonly before: number;
    };
