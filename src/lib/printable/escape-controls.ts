/* oxlint-disable no-control-regex -- control characters are the point */

/**
 * C0 and C1 controls, DEL, line and paragraph separators, and the marks that change the direction of text (Unicode Standard Annex 9):
 * U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
 */
const unsafe = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** As `unsafe`, without those that JSON escapes itself: in JSON text they are layout only. */
const unsafeInJson = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** As `unsafe`, without the characters that format our own text. */
const unsafeInLayout = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const unsafeRuns = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * Returns `text` with controls and direction marks as `\u001b`.
 * @param keepsLayout  Line feeds and tabs stay: for text that was put together here.
 */
export function escapeControls(text: string, keepsLayout = false): string {
  return text.replace(keepsLayout ? unsafeInLayout : unsafe, escaped);
}

/** Returns `text` with a space for each run of controls and direction marks: for header fields and notices. */
export function blankControls(text: string): string {
  return text.replace(unsafeRuns, ' ');
}

/** Returns a value as JSON without any raw control or direction mark; parsers read the same value. @param indent  As for JSON.stringify. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(unsafeInJson, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
