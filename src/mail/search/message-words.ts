import type { EmailContent } from '#mail/messages';
import type { EventLoop } from '#ports/event-loop';
import { searchLimits, type SearchLimits } from './limits.ts';
import { searchedTexts } from './text-matcher.ts';
import { addWords } from './words.ts';

/**
 * Returns the different words of a message, separated by spaces; null when they are too many.
 * @throws ContentDamaged and the like.
 */
export async function messageWords(
  { headerSizeBytes, content, root }: EmailContent,
  loop: EventLoop,
  limits: SearchLimits = searchLimits,
): Promise<string | null> {
  const words = new Set<string>();
  const message = {
    header: await content.bytes(0, Math.min(headerSizeBytes, limits.maxHeaderBytes)),
    root: await root(),
    bytes: (start: number, end: number) => content.bytes(start, end),
  };
  for await (const text of searchedTexts(message, loop, limits)) {
    addWords(text, words);
    if (words.size > limits.maxIndexedWords) return null;
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  return [...words].join(' ');
}
