import { writeAddress, type ForwardPath } from '#lib/address';
import { acceptanceOf, type Refusals } from '#mail/story';
import type { RefusedMail, SessionFacts } from '#proto/smtp-server';

/** Recipients of one message that a record is made for. */
const maxRecipients = 10;

/** Records that mail was refused, for its story; no caller waits for it. */
export function noteRefusal(
  refusals: Pick<Refusals, 'record'>,
  facts: SessionFacts,
  { stage, from, recipients, reply, explanation }: RefusedMail,
): void {
  const { code, enhanced, lines } = reply;
  const refused = {
    stage,
    sender: from === null ? '' : writeAddress(from, 'unicode'),
    reply: [code, ...(enhanced === null ? [] : [enhanced]), ...lines].join(' '),
    by: acceptanceOf(facts),
    explanation,
  };
  const named = recipients.slice(0, maxRecipients).map(addressText);
  for (const recipient of named.length === 0 ? [''] : named) refusals.record({ ...refused, recipient });
}

function addressText(path: ForwardPath): string {
  return path === 'postmaster' ? 'postmaster' : writeAddress(path, 'unicode');
}
