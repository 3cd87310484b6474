import { escapeControls } from '#lib/printable';

/** Errors that only a mistake in our code throws. */
const bugs = new Set(['TypeError', 'ReferenceError', 'SyntaxError', 'AssertionError']);

/** Tells people what went wrong, on standard error. @returns the exit code. */
export function reportError(error: unknown): number {
  if (!(error instanceof Error)) {
    console.error(`godwit: ${String(error)}`);
    return 70;
  }
  if (bugs.has(error.name)) {
    console.error('godwit: this is a bug, please report it:');
    console.error(error);
    return 70;
  }
  if (error.name === 'DataDirectoryBusy') {
    console.error(`godwit: ${escapeControls(error.message, true)}: 'godwit status' shows it, 'godwit stop' ends it`);
    return 1;
  }
  // Problems of the configuration begin with file:line:column, which editors and terminals link.
  const message = escapeControls(error.message, true);
  console.error(error.name === 'ConfigError' ? message : `godwit: ${message}`);
  return 1;
}
