import type { Envelope, EnvelopeAddress } from '#lib/mime';
import { TextWriter } from './text-writer.ts';

/**
 * Formats ENVELOPE of a FETCH response (RFC 9051 §7.5.2), an `octetText` of #lib/charset: subject and names as in the message, with their
 * encoded words, source routes, and octets outside ASCII in literals.
 */
export function writeEnvelope(envelope: Envelope): string {
  const writer = new TextWriter();
  putEnvelope(writer, envelope);
  return writer.text;
}

/** Writes an ENVELOPE, as `writeEnvelope` does. */
export function putEnvelope(writer: TextWriter, envelope: Envelope): void {
  const { from } = envelope;
  writer.ascii('(').nstring(envelope.date).ascii(' ').nstring(envelope.subject);
  putAddresses(writer, from);
  // RFC 9051 §7.5.2: absent or empty, Sender and Reply-To get the value of From.
  putAddresses(writer, orDefault(envelope.sender, from));
  putAddresses(writer, orDefault(envelope.replyTo, from));
  putAddresses(writer, envelope.to);
  putAddresses(writer, envelope.cc);
  putAddresses(writer, envelope.bcc);
  writer.ascii(' ').nstring(envelope.inReplyTo).ascii(' ').nstring(envelope.messageId).ascii(')');
}

function orDefault(
  list: readonly EnvelopeAddress[] | null,
  from: readonly EnvelopeAddress[] | null,
): readonly EnvelopeAddress[] | null {
  return list === null || list.length === 0 ? from : list;
}

/** Writes a space, then the addresses or NIL. */
function putAddresses(writer: TextWriter, list: readonly EnvelopeAddress[] | null): void {
  if (list === null || list.length === 0) {
    writer.ascii(' NIL');
    return;
  }
  writer.ascii(' (');
  for (const address of list) putAddress(writer, address);
  writer.ascii(')');
}

function putAddress(writer: TextWriter, address: EnvelopeAddress): void {
  switch (address.kind) {
    case 'mailbox':
      writer
        .ascii('(')
        .nstring(address.name)
        .ascii(' ')
        .nstring(address.route ?? null)
        .ascii(' ')
        .quoted(address.localpart)
        .ascii(' ')
        .quoted(address.domain)
        .ascii(')');
      break;
    // RFC 9051 §7.5.2: a NIL host marks a group; with a NIL mailbox name as well it marks the end of the group.
    case 'groupStart':
      writer.ascii('(NIL NIL ').nstring(address.name).ascii(' NIL)');
      break;
    case 'groupEnd':
      writer.ascii('(NIL NIL NIL NIL)');
      break;
  }
}
