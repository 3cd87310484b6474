/**
 * Processing of notices about sent mail: notices of other servers (read by #lib/dsn) are matched to rows of the queue, recorded there as
 * `queue_event` of kind `notice` and kept for webhooks, and addresses that hosts refuse for good are suppressed. The notice itself is a message like others, delivered
 * before it is looked at here; whatever happens here, it is in the mailbox.
 *
 * Trust. Any stranger can write a notice about any mail. An attacker who wants that an account no longer writes to an address would forge
 * one. So a notice counts only as far as its sender knows what only those know who had the message in hand, the surest first:
 * - `fromId`: it came to the reverse-path of one message, which held 80 random bits. Only the hosts and recipients of that message know them,
 *   and they can speak for this message alone.
 * - `envelopeId`, `messageId`: it names the ENVID or Message-ID of a message. These are seen by more, in public archives by all, so it is recorded only
 *   when the message was sent not long ago, to the very recipient that it is about, and after an attempt was made; and it suppresses only when
 *   it came from the very IP address that had taken the message, which a stranger cannot forge.
 * In every case the account whose mailbox got the notice must be the one that sent the message: a notice cannot speak about the mail of others. What is
 * suppressed is the address that we sent to, never one that only the notice names; the worst that a liar among the recipients can do is that the
 * same account, until it says otherwise, gets its mail to a recipient of the same message back at once with a text that says why.
 *
 * Invariants: a notice that matches nothing changes nothing and costs no write; events of one message are bounded;
 * the event and the suppression are one transaction.
 */
export { Feedback } from './feedback.ts';
export { isFromId, newFromId } from './from-id.ts';
