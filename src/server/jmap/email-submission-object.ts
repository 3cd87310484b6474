import { parseAddress, writeAddress } from '#lib/address';
import { isJsonObject, jsonObject, memberOf, writeUtcDate, type JsonObject, type JsonValue } from '#lib/jmap';
import { deliveryStatusOf, type Submission, type SubmissionOutcome } from '#mail/email-submissions';
import { emailIds, submissionIds, threadIds, writeBlobId } from './ids.ts';
import { picked, type MailContext } from './mail-context.ts';

/** Properties of a submission (RFC 8621 §7). */
export const submissionProperties =
  'id identityId emailId threadId envelope sendAt undoStatus deliveryStatus dsnBlobIds mdnBlobIds'.split(' ');

/** Returns a submission with some of its properties; what became of it is read when one of them is about that. */
export async function submissionObject(
  submission: Submission,
  names: readonly string[],
  context: MailContext,
): Promise<JsonObject> {
  const { id, identity, email, thread, sendAtMs, undo } = submission;
  // We wrote it ourselves.
  const envelope = JSON.parse(submission.envelope) as JsonObject;
  const plain = {
    id: submissionIds.write(id),
    identityId: identity,
    emailId: emailIds.write(email),
    threadId: threadIds.write(thread),
    envelope,
    sendAt: writeUtcDate(sendAtMs),
    undoStatus: undo,
    // Notices of this kind are not matched to what they are about.
    mdnBlobIds: [],
  };
  if (!names.includes('deliveryStatus') && !names.includes('dsnBlobIds')) return picked(plain, names);
  const outcome = await context.sending.submissions.outcome(submission);
  const deliveryStatus = statusesOf(envelope, outcome);
  const dsnBlobIds = names.includes('dsnBlobIds') ? await dsnBlobs(outcome, context) : [];
  return picked({ ...plain, deliveryStatus, dsnBlobIds }, names);
}

/** Returns the status of each recipient, by its address as the envelope has it. */
function statusesOf(envelope: JsonObject, { recipients, notices }: SubmissionOutcome): JsonObject {
  const rcptTo = memberOf(envelope, 'rcptTo');
  const given = new Map(
    (Array.isArray(rcptTo) ? (rcptTo as readonly JsonValue[]) : []).flatMap((one) => {
      const email = isJsonObject(one) ? memberOf(one, 'email') : null;
      const parsed = typeof email === 'string' ? parseAddress(email, { smtputf8: true }) : null;
      return typeof email === 'string' && parsed?.ok === true ? [[writeAddress(parsed.value, 'ascii'), email]] : [];
    }),
  );
  return jsonObject(
    recipients.map((recipient) => {
      const about = notices.filter(({ number }) => number === recipient.number);
      const { smtpReply, delivered } = deliveryStatusOf(recipient, about);
      return [given.get(recipient.address) ?? recipient.address, { smtpReply, delivered, displayed: 'unknown' }];
    }),
  );
}

/** Returns the notices that are still in the account, oldest first. */
async function dsnBlobs({ notices }: SubmissionOutcome, { account }: MailContext): Promise<string[]> {
  const names = notices.flatMap(({ messageId }) => (messageId === null ? [] : [messageId.replace(/^<(.*)>$/, '$1')]));
  const found = await account.emails.byMessageId([...new Set(names)]);
  const ids = new Set(names.flatMap((name) => found.get(name) ?? []));
  return [...ids].map((email) => writeBlobId(email));
}
