import { wholeAddress, type Address } from '#lib/address';
import { encodeXtext } from '#lib/codecs';
import type { Notify as NotifyParameter, RcptParameters } from '#lib/smtp';
import type { Directory } from '#mail/directory';
import { Notify, type NewRecipient } from '#mail/queue';
import type { RequestedRecipient } from '#proto/smtp-server';

/**
 * Returns the recipients to queue. One that was named twice gets one copy: the first form of its address, its own ORCPT, and the notices that
 * either mention asks for.
 */
export function newRecipients(
  recipients: readonly RequestedRecipient[],
  { directory, hostname }: { readonly directory: Pick<Directory, 'recipientKey'>; readonly hostname: string },
): NewRecipient[] {
  const byKey = new Map<string, NewRecipient>();
  for (const { address, parameters } of recipients) {
    const recipient = newRecipient(wholeAddress(address, hostname), parameters);
    const key = directory.recipientKey(recipient.address);
    const first = byKey.get(key);
    byKey.set(key, first === undefined ? recipient : { ...first, notify: joined(first.notify, recipient.notify) });
  }
  return [...byKey.values()];
}

/** Notices that one of two mentions asks for. RFC 3461 §4.1: without NOTIFY it is failures, and delays as we like. */
function joined(a = 0, b = 0): number {
  if (a === b) return a;
  const wanted = (bits: number): number => (bits === 0 ? Notify.Failure | Notify.Delay : bits & ~Notify.Never);
  return wanted(a) | wanted(b);
}

function newRecipient(address: Address, { notify, orcpt }: RcptParameters): NewRecipient {
  return {
    address,
    notify: notify === null ? 0 : notifyBits(notify),
    orcpt: orcpt === null ? null : `${orcpt.type};${encodeXtext(orcpt.address)}`,
  };
}

function notifyBits({ success, failure, delay }: NotifyParameter): number {
  const bits = (success ? Notify.Success : 0) | (failure ? Notify.Failure : 0) | (delay ? Notify.Delay : 0);
  return bits === 0 ? Notify.Never : bits;
}
