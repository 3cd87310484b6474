import { partHead, type ComposedLeaf, type ComposedMultipart, type ComposedPart } from './composition.ts';

/** Leaves of a message by what they are for. */
export interface BodyLeaves<Source> {
  readonly text: ComposedLeaf<Source> | null;
  readonly html: ComposedLeaf<Source> | null;
  readonly attachments: readonly ComposedLeaf<Source>[];
}

/**
 * Returns the part tree of a message: mixed( related( alternative( text, html ), inline files ), attached files ), without levels that would hold only one
 * part. A file is inline when it has a Content-ID for the HTML to show it by, and is not marked as attachment. Null when there is no leaf.
 * @param boundary  Returns a new boundary each time.
 */
export function arrangeBody<Source>(
  { text, html, attachments }: BodyLeaves<Source>,
  boundary: () => string,
): ComposedPart<Source> | null {
  const isInline = ({ head }: ComposedLeaf<Source>): boolean =>
    html !== null && head.contentId !== null && head.disposition?.type !== 'attachment';
  const wrap = (subtype: string, parts: readonly ComposedPart<Source>[]): readonly ComposedPart<Source>[] =>
    parts.length < 2 ? parts : [multipart(subtype, parts, boundary)];
  // RFC 2046 §5.1.4: alternatives in increasing order of faithfulness, so HTML after text.
  const versions = [text, html].filter((leaf) => leaf !== null);
  const related = wrap('related', [...wrap('alternative', versions), ...attachments.filter(isInline)]);
  const [root] = wrap('mixed', [...related, ...attachments.filter((leaf) => !isInline(leaf))]);
  return root ?? null;
}

function multipart<Source>(
  subtype: string,
  parts: readonly ComposedPart<Source>[],
  boundary: () => string,
): ComposedMultipart<Source> {
  return { kind: 'multipart', head: partHead(`multipart/${subtype}`), boundary: boundary(), parts };
}
