import type { RecipientId } from '#lib/ids';

/** Name of the notification that these recipients share; the same after a crash, so that it is delivered once. */
export function noticeId(kind: string, recipients: readonly { readonly id: RecipientId }[]): string {
  return `queue-${kind}-${Math.min(...recipients.map((recipient) => recipient.id))}`;
}
