import { ConditionError, conditionText, type ConditionKind } from '#ports/conditions';
import { No } from './refusal.ts';

/**
 * Response codes of conditions (RFC 5530 §3). A full disk is an implementation limit (LIMIT) and not OVERQUOTA, which would mean that the
 * mailbox is too large (RFC 9208 §4.3.1); CORRUPTION is for damaged data, UNAVAILABLE for temporary failures.
 */
const codes: Readonly<Record<ConditionKind, string>> = {
  diskFull: 'LIMIT',
  quotaReached: 'LIMIT',
  readOnly: 'UNAVAILABLE',
  ioError: 'UNAVAILABLE',
  damaged: 'CORRUPTION',
  blobMissing: 'CORRUPTION',
  accountRefused: 'UNAVAILABLE',
  fileRemoved: 'UNAVAILABLE',
  fileReplaced: 'UNAVAILABLE',
  tooManyFiles: 'UNAVAILABLE',
  overloaded: 'UNAVAILABLE',
};

/** Returns the NO for a condition of the machine, which was recorded where it was found; any other error unchanged. */
export function withConditions(error: unknown): unknown {
  if (!(error instanceof ConditionError)) return error;
  const text =
    error.kind === 'diskFull' ? 'disk full: delete something, or try again later' : conditionText(error.kind);
  return new No(codes[error.kind], text);
}
