import { fieldOctets, findField, parseAddressList } from '#lib/message';
import type { HeaderField } from '#lib/message';
import type { Envelope, EnvelopeAddress } from './part.ts';

/**
 * Returns the envelope of a header. RFC 5322 §3.6 permits each of these fields once. Of repeated ones the first is used; several To, Cc or
 * Bcc fields are joined, because that is what clients that write them mean.
 */
export function envelopeOf(fields: readonly HeaderField[]): Envelope {
  return {
    date: text(fields, 'date'),
    subject: text(fields, 'subject'),
    from: addresses(fields, 'from', false),
    sender: addresses(fields, 'sender', false),
    replyTo: addresses(fields, 'reply-to', false),
    to: addresses(fields, 'to', true),
    cc: addresses(fields, 'cc', true),
    bcc: addresses(fields, 'bcc', true),
    inReplyTo: text(fields, 'in-reply-to'),
    messageId: text(fields, 'message-id'),
  };
}

function text(fields: readonly HeaderField[], name: string): string | null {
  const field = findField(fields, name);
  return field === null ? null : fieldOctets(field);
}

function addresses(fields: readonly HeaderField[], name: string, all: boolean): readonly EnvelopeAddress[] | null {
  let list: EnvelopeAddress[] | null = null;
  for (const field of fields) {
    if (field.name !== name) continue;
    const more = parseAddressList(fieldOctets(field), { asWritten: true });
    list = list === null ? more : list.concat(more);
    if (!all) break;
  }
  return list;
}
