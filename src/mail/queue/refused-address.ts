import type { DeliveryOutcome } from './transmitter.ts';

/** RFC 3463 §3.2, RFC 7505 §4.1: bad mailbox, moved, null MX. */
const addressStatus = /^5\.1\.(?:1|6|10)$/;
/**
 * Other address status, bad system, bad syntax, mailbox disabled: these mean the address, and at some hosts also the sender, or that the mailbox gets
 * too much at the moment. Not x.1.7 and x.1.8, which are about the sender, nor x.2.2, a full mailbox, nor anything of x.7, which is about policy.
 */
const vagueStatus = /^5\.(?:1\.[023]|2\.1)$/;
/** RFC 5321 §4.2.3: mailbox unavailable, user not local, mailbox name not allowed. */
const addressCodes: readonly number[] = [550, 551, 553];
const namesAddress = /\b(?:user|mailbox|recipient|address|account|inbox)\b/i;
/** These codes are also how hosts say that they do not like us or the message. */
const blamesUs =
  /\b(?:relay\w*|spam\w*|block\w*|blacklist\w*|listed|denied|policy|reputation|dns[bw]?l|rbl|spf|dkim|dmarc|ptr|reverse|sender|authenticat\w*|content|virus|rate|quota|full|size|greylist\w*)\b/i;

/**
 * Whether a refusal says that the address is bad, so that the account should not send to it any more. Pure.
 *
 * A wrong yes loses mail that would have arrived; a wrong no costs one more refusal. So only the words of a host count: not those of a transport of
 * kind `fail`, and not DNS, as a domain that is unknown today may be there tomorrow. An enhanced code counts before the text. Where it is vague, or
 * missing, the text must speak of nothing of ours. An answer to MAIL is about the sender; one to the content, or to an unknown command, counts only
 * when no other recipient got the same.
 * @param outcomes  those of all recipients of the transmission.
 */
export function refusesAddress(outcome: DeliveryOutcome, outcomes: readonly DeliveryOutcome[]): boolean {
  if (outcome.kind !== 'refused' || outcome.reply === null || outcome.remote === null) return false;
  const { stage } = outcome;
  if (stage === 'mail') return false;
  const { code, enhanced, text } = outcome.reply;
  const isClear = enhanced !== null && addressStatus.test(enhanced);
  const mayMean =
    enhanced === null ? addressCodes.includes(code) && namesAddress.test(text) : vagueStatus.test(enhanced);
  if (!isClear && (!mayMean || blamesUs.test(text))) return false;
  if (stage === 'rcpt' || (isClear && stage === undefined)) return true;
  const same = outcomes.filter(
    ({ reply, kind }) => kind === 'refused' && reply !== null && reply.code === code && reply.text === text,
  );
  return same.length <= 1;
}
