/**
 * What happens to a message that one of our users submits before it is queued (RFC 6409 §8): whose it may claim to be, fields that are
 * added, fields that must not travel. Pure: header bytes in, header bytes or a refusal out; bodies pass untouched.
 */
export { HeaderEditor, type HeaderEditorOptions } from './header-editor.ts';
export { prepareHeader, type PreparedHeader, type SubmissionRefusal, type SubmissionRules } from './prepare.ts';
