/**
 * Text of strangers on its way to terminals, logs and JSON: characters that could break a line, drive a terminal or hide what follows are
 * escaped, everything else stays. Used where text leaves the program, once.
 */
export { blankControls, escapeControls, safeJson } from './escape-controls.ts';
