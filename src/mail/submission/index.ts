/**
 * What happens to a message that one of our users submits before it is queued (RFC 6409 §8): whose it may claim to be, fields that are
 * added, fields that must not travel, and the form that every host takes. No storage: bytes in, bytes or a refusal out.
 */
export { convertContent } from './convert-content.ts';
export { HeaderEditor } from './header-editor.ts';
export { type PreparedHeader, type SubmissionRules } from './prepare.ts';
