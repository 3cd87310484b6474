import type { Part } from '#lib/mime';
import { conversionLimits } from './limits.ts';
import type { Segment } from './plan.ts';

/** Splits a message at its parts; the segments cover it from 0 to `sizeBytes` without gaps. */
export function segmentsOf(root: Part, sizeBytes: number): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  const gapTo = (start: number): void => {
    if (start > at) segments.push({ kind: 'gap', start: at, end: start });
  };
  const add = (segment: Segment): void => {
    gapTo(segment.start);
    if (segment.end > segment.start) segments.push(segment);
    at = Math.max(at, segment.end);
  };
  const walk = (part: Part, isMessage: boolean): void => {
    const { headerStart, bodyStart, end } = part;
    if (bodyStart - headerStart > conversionLimits.maxPartHeaderBytes)
      return add({ kind: 'kept', start: headerStart, end });
    // The text of a multipart without its boundary has no header, and no place for one.
    if (!isMessage && bodyStart === headerStart) return add({ kind: 'kept', start: headerStart, end });
    // Empty headers too: a field may have to be added.
    gapTo(headerStart);
    segments.push({ kind: 'header', start: headerStart, end: bodyStart, part, isMessage });
    at = bodyStart;
    if (isUntouchable(part)) return add({ kind: 'kept', start: bodyStart, end });
    if (part.message !== null) return walk(part.message.root, true);
    if (part.parts.length === 0) return add({ kind: 'body', start: bodyStart, end, part });
    for (const child of part.parts) walk(child, false);
  };
  walk(root, true);
  gapTo(sizeBytes);
  return segments;
}

/** Reports whether a part must not be changed. RFC 1847 §2.1: signed content is opaque. RFC 2045 §6.4: multiparts and messages have no encoding of their own, so unparsed ones are kept. */
function isUntouchable({ type, subtype, parts, message }: Part): boolean {
  if (type === 'multipart') return subtype === 'signed' || parts.length === 0;
  // RFC 6532 §3.7: message/global and the reports of RFC 6533 §6 may be encoded.
  return type === 'message' && message === null && !subtype.startsWith('global');
}
