import { reply, type Reply } from '#lib/smtp';
import { conditionText, type ConditionError, type ConditionKind } from '#ports/conditions';

/** RFC 3463 §3.4: X.3.1 is a mail system without space, X.3.0 one with another trouble. Each may pass, so each is 4yz (RFC 5321 §4.2.1). */
const answers: Readonly<Record<ConditionKind, readonly [code: number, enhanced: string]>> = {
  diskFull: [452, '4.3.1'],
  quotaReached: [452, '4.3.1'],
  readOnly: [451, '4.3.0'],
  ioError: [451, '4.3.0'],
  damaged: [451, '4.3.0'],
  blobMissing: [451, '4.3.0'],
  // RFC 3463 §3.3: X.2.0 is about the mailbox.
  accountRefused: [451, '4.2.0'],
  fileRemoved: [451, '4.3.0'],
  fileReplaced: [451, '4.3.0'],
  tooManyFiles: [451, '4.3.0'],
  overloaded: [451, '4.3.0'],
};

/** Returns the reply for a condition of our machine. `during` is the step that failed: a login (RFC 4954 §6), the banner, or any other. */
export function conditionReply({ kind }: ConditionError, during: 'login' | 'banner' | 'other'): Reply {
  const text = `${conditionText(kind)}, please try again later`;
  if (during === 'login') return reply(454, '4.7.0', text);
  const [code, enhanced] = answers[kind];
  // RFC 5321 §4.3.2: in place of the banner there is no 451.
  return reply(during === 'banner' ? 421 : code, enhanced, text);
}
