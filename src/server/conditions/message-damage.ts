import { errorCode } from '#host/files';
import { DescriptionDamaged } from '#lib/message-description';
import { ConditionError, type ConditionKind } from '#ports/conditions';

/** Conditions of one message's body, rather than of the machine. */
const ofOneMessage: ReadonlySet<ConditionKind> = new Set(['blobMissing', 'damaged', 'ioError']);

/** Errors of the system that are about one file, not about the machine. */
const ofOneFile: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EBADMSG']);

/** Reports whether an error is about one stored message that is damaged, so that its neighbours can be answered. */
export function isMessageDamage(error: unknown): boolean {
  return (
    error instanceof DescriptionDamaged ||
    (error instanceof ConditionError && ofOneMessage.has(error.kind)) ||
    ofOneFile.has(errorCode(error) ?? '')
  );
}
