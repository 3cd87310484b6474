import type { Envelope, EnvelopeAddress } from '#lib/mime';
import { toEncodedWords } from './encoded-words.ts';
import type { TextOptions } from './quoted.ts';
import { TextWriter } from './text-writer.ts';

/**
 * ENVELOPE as FETCH sends it (RFC 9051 §7.5.2). With `utf8` texts are sent decoded; otherwise the subject is sent as in the header,
 * and names outside ASCII as encoded words (RFC 2047). The text is to be sent as UTF-8.
 */
export function writeEnvelope(envelope: Envelope, options: TextOptions): string {
  const writer = new TextWriter();
  putEnvelope(writer, envelope, options);
  return writer.text;
}

/** As `writeEnvelope`, into a writer. */
export function putEnvelope(writer: TextWriter, envelope: Envelope, options: TextOptions): void {
  const { from } = envelope;
  writer.ascii('(').nstring(envelope.date, options).ascii(' ').nstring(subjectText(envelope, options), options);
  putAddresses(writer, from, options);
  // RFC 9051 §7.5.2: absent or empty, they are as From.
  putAddresses(writer, orDefault(envelope.sender, from), options);
  putAddresses(writer, orDefault(envelope.replyTo, from), options);
  putAddresses(writer, envelope.to, options);
  putAddresses(writer, envelope.cc, options);
  putAddresses(writer, envelope.bcc, options);
  writer.ascii(' ').nstring(envelope.inReplyTo, options).ascii(' ').nstring(envelope.messageId, options).ascii(')');
}

function subjectText({ subject, rawSubject }: Envelope, { utf8 }: TextOptions): string | null {
  if (utf8 || subject === null) return subject;
  return rawSubject !== null && /^[\0-\x7f]*$/.test(rawSubject) ? rawSubject : toEncodedWords(subject);
}

function orDefault(
  list: readonly EnvelopeAddress[] | null,
  from: readonly EnvelopeAddress[] | null,
): readonly EnvelopeAddress[] | null {
  return list === null || list.length === 0 ? from : list;
}

/** A space, then the addresses or NIL. */
function putAddresses(writer: TextWriter, list: readonly EnvelopeAddress[] | null, options: TextOptions): void {
  if (list === null || list.length === 0) {
    writer.ascii(' NIL');
    return;
  }
  writer.ascii(' (');
  for (const address of list) putAddress(writer, address, options);
  writer.ascii(')');
}

function putAddress(writer: TextWriter, address: EnvelopeAddress, options: TextOptions): void {
  switch (address.kind) {
    case 'mailbox':
      writer
        .ascii('(')
        .nstring(nameText(address.name, options), options)
        .ascii(' NIL ')
        .quoted(address.localpart, options)
        .ascii(' ')
        .quoted(address.domain, options)
        .ascii(')');
      break;
    case 'groupStart':
      writer.ascii('(NIL NIL ').nstring(nameText(address.name, options), options).ascii(' NIL)');
      break;
    case 'groupEnd':
      writer.ascii('(NIL NIL NIL NIL)');
      break;
  }
}

function nameText(name: string | null, { utf8 }: TextOptions): string | null {
  return name === null || utf8 ? name : toEncodedWords(name);
}
