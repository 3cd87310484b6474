import { decodeEncodedWords } from './encoded-word.ts';

/** A subject without its reply and forward marks. */
export interface BaseSubject {
  readonly base: string;
  /** True when a `Re:`, `Fw:`, `Fwd:`, `(fwd)` or `[fwd:…]` was removed, as REFERENCES threading asks (RFC 5256 §3). */
  readonly isReplyOrForward: boolean;
}

/**
 * Returns the base subject of RFC 5256 §2.1 in its letter case. Takes the Subject as text and decodes encoded words (step 1).
 * Linear in the length of the subject.
 */
export function baseSubject(subject: string): BaseSubject {
  const text = decodeEncodedWords(subject).replace(/[\t\r\n ]+/g, ' ');
  let start = 0;
  let end = text.length;
  let isReplyOrForward = false;
  for (;;) {
    // Step 2: trailers.
    for (;;) {
      if (end > start && text[end - 1] === ' ') end--;
      else if (end - start >= 5 && sameWord(text, end - 5, '(fwd)')) {
        end -= 5;
        isReplyOrForward = true;
      } else break;
    }
    // Steps 3 to 5: leaders and blobs. When no `re:` follows a chain of blobs, none follows its later blobs.
    for (;;) {
      if (start < end && text[start] === ' ') {
        start++;
        continue;
      }
      let chain = start;
      let last = start;
      for (let next = blobEnd(text, chain, end); next > chain; next = blobEnd(text, chain, end)) {
        last = chain;
        chain = next;
      }
      const after = replyEnd(text, chain, end);
      if (after > chain) {
        start = after;
        isReplyOrForward = true;
        continue;
      }
      // Step 4: a blob is kept when nothing would remain.
      start = chain < end ? chain : last;
      break;
    }
    // Step 6.
    if (end - start < 6 || !sameWord(text, start, '[fwd:') || text[end - 1] !== ']') break;
    start += 5;
    end--;
    isReplyOrForward = true;
  }
  return { base: text.slice(start, Math.max(start, end)), isReplyOrForward };
}

/** Compares without case; `word` is in lower case. */
function sameWord(text: string, at: number, word: string): boolean {
  return text.slice(at, at + word.length).toLowerCase() === word;
}

/** Returns the end of the `subj-blob` (RFC 5256 §5) at `at`, or `at`. */
function blobEnd(text: string, at: number, end: number): number {
  if (text[at] !== '[') return at;
  let i = at + 1;
  while (i < end && text[i] !== ']') {
    if (text[i] === '[') return at;
    i++;
  }
  if (i >= end) return at;
  return skipBlanks(text, i + 1, end);
}

/** Returns the end of the `subj-refwd` (RFC 5256 §5) at `at`, or `at`. */
function replyEnd(text: string, at: number, end: number): number {
  let i = at;
  if (sameWord(text, at, 're') || sameWord(text, at, 'fw')) i += 2;
  else return at;
  if (sameWord(text, at, 'fwd')) i++;
  i = skipBlanks(text, i, end);
  i = blobEnd(text, i, end);
  return i < end && text[i] === ':' ? i + 1 : at;
}

function skipBlanks(text: string, at: number, end: number): number {
  let i = at;
  while (i < end && text[i] === ' ') i++;
  return i;
}
