import type { AddressEntry, Disposition, Parameter } from '#lib/message';

export type { Disposition, Parameter } from '#lib/message';

/**
 * One body part with where it lies in the message. Offsets are bytes from the start of the parsed bytes.
 * `headerStart ≤ bodyStart ≤ end`; a part without a header has `headerStart === bodyStart`.
 * What is said to be as written is an `octetText` of #lib/charset, so that no octet is lost.
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
  /** Top-level media type, lower case; `text` when absent or unusable. */
  readonly type: string;
  /** Subtype, lower case; `plain` when absent or unusable. */
  readonly subtype: string;
  /** As written; `findParameter` decodes. */
  readonly params: readonly Parameter[];
  /** Content-Transfer-Encoding, lower case; `7bit` when absent. */
  readonly encoding: string;
  /** Spelling of these names in the header; null when it is lower case. */
  readonly spelling: Spelling | null;
  /** Content-ID as written with its angle brackets, null when absent. */
  readonly id: string | null;
  /** Content-Description as written. */
  readonly description: string | null;
  /** Content-MD5. */
  readonly md5: string | null;
  /** The type in lower case, parameters as written. */
  readonly disposition: Disposition | null;
  /** Content-Language tags (RFC 3282). */
  readonly language: readonly string[];
  /** Content-Location (RFC 2557). */
  readonly location: string | null;
  /** Children of a multipart, in order; empty otherwise. */
  readonly parts: readonly Part[];
  /** The message inside message/rfc822 or message/global, with offsets in the outer message; null otherwise. */
  readonly message: EmbeddedMessage | null;
}

/** Names of a part in the case in which its header has them, for those who are to see what the message says. */
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
 * The header fields that IMAP's ENVELOPE and message lists need, as written and unfolded, each an `octetText` of #lib/charset; names
 * in addresses keep their encoded words, too. Null when the field is absent. `sender` and `replyTo` are as in the header: IMAP's defaults are
 * the writer's business.
 */
export interface Envelope {
  readonly date: string | null;
  /** The subject for people: encoded words decoded, octets that are no UTF-8 taken for windows-1252. */
  readonly subject: string | null;
  /** The subject as written. */
  readonly rawSubject: string | null;
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
  readonly envelope: Envelope;
  /** Message-IDs of References, in order, with angle brackets; at most 200. */
  readonly references: readonly string[];
  /** Number of Received fields, for loop detection (RFC 5321 §6.3). */
  readonly receivedCount: number;
  /** A byte over 127 occurs in a header (of any part). */
  readonly has8bitHeader: boolean;
  /** A byte over 127 occurs anywhere. */
  readonly has8bit: boolean;
  /** A NUL occurs anywhere, which an IMAP literal may not hold (RFC 9051 §4.3.1). */
  readonly hasNul: boolean;
  /** Longest line in bytes, without its line break. */
  readonly longestLineBytes: number;
  /** Oddities, at most 100. */
  readonly problems: readonly MimeProblem[];
}

/** Something that a tolerant parser noticed and lived with. */
export interface MimeProblem {
  /** Byte offset near which it was seen. */
  readonly at: number;
  /** Short reason, such as `header line without colon`. */
  readonly reason: string;
}
