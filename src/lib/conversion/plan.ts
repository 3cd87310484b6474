import type { Part } from '#lib/mime';

/** Choices of a conversion. */
export interface ConversionOptions {
  /** UTF-8 stays in headers, and octets over 127 in bodies: the message travels with SMTPUTF8, of which 8BITMIME is a part (RFC 6531 §3.1). */
  readonly keepEightBit?: boolean;
}

/** Change of a body: its present encoding, null for none, and the new one. */
export interface Transcoding {
  readonly from: 'base64' | 'quoted-printable' | null;
  readonly to: 'base64' | 'quoted-printable';
}

/** A run of the message that is treated in one way. */
export type Segment =
  /** Stays as it is: signed, of an unknown encoding, or fine. */
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
  /** By part, for bodies that are encoded anew. */
  readonly transcodings: ReadonlyMap<Part, Transcoding>;
  /** Parts whose body is not ASCII, as their fields have to say where they do not. */
  readonly charsets: ReadonlyMap<Part, string>;
  /** Multiparts and messages in which nothing over 127 is left. */
  readonly sevenBit: ReadonlySet<Part>;
  /** Gaps to clean, by where they start. */
  readonly dirtyGaps: ReadonlySet<number>;
  readonly keepEightBit: boolean;
}
