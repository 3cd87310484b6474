import type { Disposition, Parameter } from '#lib/message';
import type { WrittenEncoding } from './body-shape.ts';

/** Header of a part of a composed message. */
export interface PartHead {
  /** Media type without parameters, such as `image/png`. */
  readonly type: string;
  /** Parameters of Content-Type; a boundary is added to those of a multipart. */
  readonly params: readonly Parameter[];
  readonly disposition: Disposition | null;
  /** Content-ID without angle brackets, for `cid:` links of HTML (RFC 2392 §2). */
  readonly contentId: string | null;
  /** Tags of Content-Language (RFC 3282 §2). */
  readonly language: readonly string[];
  /** URI of Content-Location (RFC 2557 §4.2). */
  readonly location: string | null;
  /** Further fields, each with CRLF. */
  readonly fields: string;
}

/** A part that is no multipart. `Source` stands for its bytes before they are encoded. */
export interface ComposedLeaf<Source> {
  readonly kind: 'leaf';
  readonly head: PartHead;
  readonly encoding: WrittenEncoding;
  readonly source: Source;
}

/** A multipart with its parts, at least one. */
export interface ComposedMultipart<Source> {
  readonly kind: 'multipart';
  readonly head: PartHead;
  /** 1 to 70 characters of letters, digits and `=_-.` that occur in no part (RFC 2046 §5.1.1). */
  readonly boundary: string;
  readonly parts: readonly ComposedPart<Source>[];
}

/** Part of a composed message. */
export type ComposedPart<Source> = ComposedLeaf<Source> | ComposedMultipart<Source>;

/** Returns a header with a type and nothing else, or with what is given. */
export function partHead(type: string, more: Partial<PartHead> = {}): PartHead {
  return { type, params: [], disposition: null, contentId: null, language: [], location: null, fields: '', ...more };
}
