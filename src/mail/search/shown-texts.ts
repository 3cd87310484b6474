import type { Part } from '#lib/mime';
import { partTexts } from './body-text.ts';

/**
 * Yields the texts of a part in which searches look, as a person sees them: of HTML what is shown, without the source. Each is whole; null stands for a piece of the work, after
 * which others may be served.
 */
export function* shownTexts(part: Part, body: Uint8Array, fallback: string): Generator<string | null, void> {
  const isHtml = part.subtype === 'html';
  let text = '';
  /** Of HTML the first text of each two is the source. */
  let isSource = false;
  for (const piece of partTexts(part, body, fallback)) {
    if (piece !== null) {
      if (!isSource) text += piece;
      yield null;
      continue;
    }
    if (text !== '') yield text;
    text = '';
    isSource = isHtml && !isSource;
  }
  if (text !== '') yield text;
}
