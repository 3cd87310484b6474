import type { Part } from '#lib/mime';

/** Choices of a conversion. */
export interface ConversionOptions {
  /** Keeps UTF-8 in headers and octets over 127 in bodies, for a message sent with SMTPUTF8, which includes 8BITMIME (RFC 6531 §3.1). */
  readonly keepEightBit?: boolean;
}

/** Change of a body: its present encoding, null for none, and the new one. */
export interface Transcoding {
  readonly from: 'base64' | 'quoted-printable' | null;
  readonly to: 'base64' | 'quoted-printable';
}

/** A range of the message with one treatment. */
export type Segment =
  /** Kept: signed, of an unknown encoding, or acceptable. */
  | { readonly kind: 'kept'; readonly start: number; readonly end: number }
  /** Header of a part. */
  | {
      readonly kind: 'header';
      readonly start: number;
      readonly end: number;
      readonly part: Part;
      readonly isMessage: boolean;
    }
  /** Body of a part without parts. */
  | { readonly kind: 'body'; readonly start: number; readonly end: number; readonly part: Part }
  /** Between parts: boundary lines, and text that no reader shows (RFC 2046 §5.1.1). */
  | { readonly kind: 'gap'; readonly start: number; readonly end: number };

/** Changes that a message needs, found by `ConversionPlanner`. */
export interface ConversionPlan {
  readonly segments: readonly Segment[];
  /** New encodings by part, for bodies that are re-encoded. */
  readonly transcodings: ReadonlyMap<Part, Transcoding>;
  /** Charsets to add by part, for bodies that are not ASCII and whose fields name no charset. */
  readonly charsets: ReadonlyMap<Part, string>;
  /** Multiparts and messages in which nothing over 127 is left. */
  readonly sevenBit: ReadonlySet<Part>;
  /** Start offsets of the gaps to clean. */
  readonly dirtyGaps: ReadonlySet<number>;
  readonly keepEightBit: boolean;
}
