/**
 * Looks for text in messages: header fields with encoded words decoded, bodies with their transfer encoding and charset decoded
 * (RFC 9051 §6.4.4). `matchText` searches messages of a mailbox: by blocks of header fields, by the index of the account's words, which rules
 * messages out, and by `TextMatcher`, which has the last word on one message. `AccountSearch` feeds the index in the background.
 * Invariant: what is found is the same with an index and without.
 */
export { accountSource } from './account-source.ts';
export { AccountSearch } from './account-search.ts';
export { Cost, Evaluator, type SearchSpace } from './evaluator.ts';
export { searchColumn } from './field-search.ts';
export { markedHtml, markedPreview, rangesOf } from './highlight.ts';
export { shownTexts } from './shown-texts.ts';
export { needleOf } from './fold.ts';
export { searchLimits } from './limits.ts';
export { matchText, type TextSource } from './match-text.ts';
export { PlaceSpace, type NumberPiece } from './place-space.ts';
export { TextMatcher } from './text-matcher.ts';
