import { needsSmtputf8, type ForwardPath } from '#lib/address';
import type { OutgoingMail, RecipientOutcome } from './types.ts';

/** Reports whether a transaction needs SMTPUTF8: for the header, the sender, or one of its recipients (RFC 6531 §3.4). */
export function mailNeedsSmtputf8({ smtputf8, from, recipients }: OutgoingMail): boolean {
  return smtputf8 || (from !== null && needsSmtputf8(from)) || recipients.some(({ address }) => isUnicode(address));
}

/**
 * Sends a message as far as the server permits. RFC 6531 §3.5: without SMTPUTF8 an internationalized message MUST NOT be sent, so
 * recipients whose address needs it fail, and the others do not.
 * @returns one outcome per recipient, in their order.
 */
export async function sendByNeed(
  mail: OutgoingMail,
  isOffered: boolean,
  send: (mail: OutgoingMail) => Promise<readonly RecipientOutcome[]>,
): Promise<readonly RecipientOutcome[]> {
  const { smtputf8, from, recipients } = mail;
  if (isOffered || !mailNeedsSmtputf8(mail)) return await send(mail);
  if (smtputf8) return recipients.map(() => lacking('the header of the message has addresses that need SMTPUTF8'));
  if (from !== null && needsSmtputf8(from))
    return recipients.map(() => lacking('the address of the sender needs SMTPUTF8'));
  const sendable = recipients.filter(({ address }) => !isUnicode(address));
  const sent = sendable.length === 0 ? [] : await send({ ...mail, recipients: sendable });
  let at = 0;
  return recipients.map(({ address }) => {
    const outcome = isUnicode(address) ? undefined : sent[at++];
    return outcome ?? lacking('the address needs SMTPUTF8');
  });
}

function lacking(what: string): RecipientOutcome {
  return { kind: 'failed', stage: 'mail', failure: 'smtputf8', reason: `${what}, which the server does not offer` };
}

function isUnicode(address: ForwardPath): boolean {
  return address !== 'postmaster' && needsSmtputf8(address);
}
