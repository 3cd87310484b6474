import type { AddressEntry, Disposition, ListedFields, Parameter } from '#lib/message';

export type { Disposition, Parameter } from '#lib/message';

/**
 * One body part with its place in the message. Offsets are bytes from the start of the parsed bytes.
 * `headerStart ≤ bodyStart ≤ end`; a part without a header has `headerStart === bodyStart`.
 * Members described as "as written" are `octetText` of #lib/charset, so that no octet is lost.
 */
export interface Part {
  /** First byte of the part's header. */
  readonly headerStart: number;
  /** First byte after the empty line that ends the header. */
  readonly bodyStart: number;
  /** First byte after the body, not counting the line break that belongs to a following boundary (RFC 2046 §5.1.1). */
  readonly end: number;
  /** Lines in the body, as BODYSTRUCTURE counts them: line breaks, plus one for a last line without one. */
  readonly bodyLines: number;
  /** Top-level media type, lower case; `text` when absent or unusable (RFC 2045 §5.2). */
  readonly type: string;
  /** Subtype, lower case; `plain` when absent or unusable. */
  readonly subtype: string;
  /** As written; `findParameter` decodes. */
  readonly params: readonly Parameter[];
  /** Content-Transfer-Encoding, lower case; `7bit` when absent (RFC 2045 §6.1). */
  readonly encoding: string;
  /** Spelling of these names in the header; null when it is lower case. */
  readonly spelling: Spelling | null;
  /** Content-ID as written with its angle brackets, null when absent. */
  readonly id: string | null;
  /** Content-Description (RFC 2045 §8) as written; null when absent. */
  readonly description: string | null;
  /** Content-MD5 (RFC 1864 §2); null when absent. */
  readonly md5: string | null;
  /** Content-Disposition (RFC 2183 §2): type in lower case, parameters as written; null when absent. */
  readonly disposition: Disposition | null;
  /** Content-Language tags (RFC 3282 §2). */
  readonly language: readonly string[];
  /** Content-Location (RFC 2557 §4.2); null when absent. */
  readonly location: string | null;
  /** Children of a multipart, in order; empty otherwise. */
  readonly parts: readonly Part[];
  /** The message inside message/rfc822 or message/global, with offsets in the outer message; null otherwise. */
  readonly message: EmbeddedMessage | null;
}

/** Names of a part in the case of its header, for IMAP clients, which get them as written. */
export interface Spelling {
  readonly type: string;
  readonly subtype: string;
  readonly encoding: string;
  /** Null without Content-Disposition. */
  readonly disposition: string | null;
}

/** A message inside a message. */
export interface EmbeddedMessage {
  readonly envelope: Envelope;
  readonly root: Part;
}

/** One entry of an address list: a mailbox, or the start or end of a group, as ENVELOPE needs them (RFC 9051 §7.5.2). */
export type EnvelopeAddress = AddressEntry;

/**
 * Header fields that IMAP's ENVELOPE and message lists need, as written and unfolded, each an `octetText` of #lib/charset; names
 * in addresses keep their encoded words, too. Null when the field is absent. `sender` and `replyTo` are those of the header: the writer of
 * ENVELOPE adds IMAP's defaults.
 */
export interface Envelope {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly EnvelopeAddress[] | null;
  readonly sender: readonly EnvelopeAddress[] | null;
  readonly replyTo: readonly EnvelopeAddress[] | null;
  readonly to: readonly EnvelopeAddress[] | null;
  readonly cc: readonly EnvelopeAddress[] | null;
  readonly bcc: readonly EnvelopeAddress[] | null;
  readonly inReplyTo: string | null;
  /** With its angle brackets. */
  readonly messageId: string | null;
}

/** Result of the incremental parser for a whole message. */
export interface MessageIndex {
  readonly sizeBytes: number;
  readonly root: Part;
  /** Fields of the header that describe the message in lists. */
  readonly listed: ListedFields;
  /** Addresses, dates and identifiers in them; read when it is first asked for. */
  readonly envelope: Envelope;
  /** Message-IDs of References, in order, with angle brackets; at most 200. */
  readonly references: readonly string[];
  /** Number of Received fields, for loop detection (RFC 5321 §6.3). */
  readonly receivedCount: number;
  /** A byte over 127 occurs in a header (of any part). */
  readonly has8bitHeader: boolean;
  /** A byte over 127 occurs anywhere. */
  readonly has8bit: boolean;
  /** True when a NUL occurs anywhere, which an IMAP literal may not hold (RFC 9051 §4.3.1). */
  readonly hasNul: boolean;
  /** Longest line in bytes, without its line break. */
  readonly longestLineBytes: number;
  /** Irregularities, at most 100. */
  readonly problems: readonly MimeProblem[];
}

/** Irregularity that a tolerant parser accepted. */
export interface MimeProblem {
  /** Byte offset near it. */
  readonly at: number;
  /** Short reason, such as `header line without colon`. */
  readonly reason: string;
}
