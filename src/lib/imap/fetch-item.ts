/** Bytes of a part that BODY[…] selects (RFC 9051 §6.4.5.1). `fields` names are as written. */
export type SectionText =
  /** The whole part's body, or the whole message when there is no part number. */
  | { readonly kind: 'all' }
  | { readonly kind: 'header' }
  | { readonly kind: 'headerFields'; readonly not: boolean; readonly fields: readonly string[] }
  | { readonly kind: 'text' }
  /** The MIME header of a part; MUST follow a part number (RFC 9051 §6.4.5.1). */
  | { readonly kind: 'mime' };

/** Section between `[` and `]`: part numbers (empty for the message itself) and the selected text. */
export interface Section {
  readonly part: readonly number[];
  readonly text: SectionText;
}

/** `<start.count>` of a FETCH: octets from `start`, at most `count` (RFC 9051 §6.4.5). */
export interface Partial {
  readonly start: number;
  readonly count: number;
}

/** One FETCH data item. Macros (ALL, FAST, FULL) are expanded by the parser. */
export type FetchItem =
  | { readonly kind: 'envelope' }
  | { readonly kind: 'flags' }
  | { readonly kind: 'internalDate' }
  | { readonly kind: 'rfc822Size' }
  | { readonly kind: 'uid' }
  /** BODY without section: BODYSTRUCTURE without extension data (RFC 9051 §6.4.5). */
  | { readonly kind: 'body' }
  | { readonly kind: 'bodyStructure' }
  /** RFC 7162 §3.1.4.1. */
  | { readonly kind: 'modSeq' }
  /** RFC 8514 §4.2. */
  | { readonly kind: 'saveDate' }
  /** BODY[…] and BODY.PEEK[…]; `name` is how the response names it, such as `BODY[1.HEADER.FIELDS (A B)]<0>`. */
  | {
      readonly kind: 'bodySection';
      readonly peek: boolean;
      readonly section: Section;
      readonly partial: Partial | null;
      readonly name: string;
    }
  /** BINARY[…] and BINARY.PEEK[…] (RFC 3516 §4.2); `name` as in the response. */
  | {
      readonly kind: 'binary';
      readonly peek: boolean;
      readonly part: readonly number[];
      readonly partial: Partial | null;
      readonly name: string;
    }
  /** BINARY.SIZE[…] (RFC 3516 §4.2); `name` as in the response. */
  | { readonly kind: 'binarySize'; readonly part: readonly number[]; readonly name: string }
  /** RFC822, RFC822.HEADER, RFC822.TEXT (RFC 3501 §6.4.5): like BODY[], BODY.PEEK[HEADER], BODY[TEXT] with other names. */
  | { readonly kind: 'rfc822' }
  | { readonly kind: 'rfc822Header' }
  | { readonly kind: 'rfc822Text' };
