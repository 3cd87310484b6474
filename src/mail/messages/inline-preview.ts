import { flattenParts, preview, type MessageIndex } from '#lib/mime';
import type { ReceivedBody } from '#mail/content';

/** Enough for a preview of nearly every message of plain text, and done within some microseconds. */
const firstBytes = 512;
/** Bytes to read where quotations and long lines take up the beginning. */
const secondBytes = 16 * 1024;
/** A preview of part of a text that is shorter than this says too little. */
const fewChars = 100;

/**
 * The preview of a message whose plain text is in memory, made while it is stored; null for those that cost more (HTML only, blobs), whose
 * preview is made on request. `index` counts from the beginning of `body`.
 */
export async function inlinePreview(index: MessageIndex, body: ReceivedBody): Promise<string | null> {
  if (body.kind !== 'inline' || !hasPlainText(index)) return null;
  const { bytes } = body;
  let isCut = false;
  const upTo = (most: number) => (start: number, end: number) => {
    isCut = end - start > most;
    return Promise.resolve(bytes.subarray(start, Math.min(end, start + most)));
  };
  const text = await preview(index, upTo(firstBytes));
  const whole = isCut && text.length < fewChars ? await preview(index, upTo(secondBytes)) : text;
  // Text that every database takes and gives back the same; a character that was cut is left out.
  return (isCut ? whole.replace(/\uFFFD+$/, '') : whole).replaceAll('\0', '').toWellFormed();
}

function hasPlainText({ root }: MessageIndex): boolean {
  if (root.parts.length === 0) return root.type === 'text' && root.subtype !== 'html';
  for (const { type, subtype, disposition } of flattenParts(root)) {
    if (type === 'text' && subtype !== 'html' && disposition?.type !== 'attachment') return true;
  }
  return false;
}
