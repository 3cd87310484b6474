import { joinReplyLines } from '#lib/smtp';
import type { RecipientStatus } from '#mail/queue';
import type { SubmissionNotice } from './submission.ts';

/** Delivery status of one recipient (RFC 8621 §7). */
export interface DeliveryStatus {
  readonly smtpReply: string;
  readonly delivered: 'queued' | 'yes' | 'no' | 'unknown';
}

/** Returns the delivery status of a recipient. @param notices  Those about it, oldest first. */
export function deliveryStatusOf(status: RecipientStatus, notices: readonly SubmissionNotice[]): DeliveryStatus {
  const plain = { smtpReply: replyOf(status), delivered: deliveredOf(status) };
  // RFC 8621 §7: what was relayed may be reported later; other reports change nothing.
  const report = notices.findLast(({ action }) => action === 'delivered' || action === 'failed');
  if (plain.delivered !== 'unknown' || report === undefined) return plain;
  const isDelivered = report.action === 'delivered';
  const said = report.reply ?? (isDelivered ? 'delivered' : 'failed');
  return {
    smtpReply: /^\d{3}[ -]/.test(said) ? joinReplyLines(said) : synthetic(isDelivered ? '2.0.0' : '5.0.0', said),
    delivered: isDelivered ? 'yes' : 'no',
  };
}

function deliveredOf({ state, isFinal }: RecipientStatus): DeliveryStatus['delivered'] {
  switch (state) {
    case 'queued':
    case 'leased':
      return 'queued';
    case 'delivered':
      return isFinal ? 'yes' : 'unknown';
    case 'failed':
    case 'dropped':
      return 'no';
  }
}

function replyOf({ state, lastReply, lastStatus, lastReplyIsSmtp }: RecipientStatus): string {
  if (state === 'dropped') return synthetic('5.7.0', 'taken out of the queue before it was delivered');
  if (lastReply === null) return synthetic('2.0.0', 'waits in the queue');
  // RFC 8621 §7: codes that later lines repeat are left out.
  return lastReplyIsSmtp ? joinReplyLines(lastReply) : synthetic(lastStatus ?? '4.0.0', lastReply);
}

/** Writes a reply where no server gave one: code, enhanced status and text (RFC 8621 §7). */
function synthetic(status: string, text: string): string {
  return `${status.slice(0, 1)}50 ${status} ${text.replaceAll(/\s+/g, ' ').trim()}`;
}
