/**
 * Escapes foreign text for terminals, logs and JSON: characters that could break a line, control a terminal or hide the text after them are
 * escaped; everything else stays. Used once, where text leaves the program.
 */
export { blankControls, escapeControls, safeJson } from './escape-controls.ts';
