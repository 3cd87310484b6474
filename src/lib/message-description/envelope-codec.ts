import type { Envelope, EnvelopeAddress } from '#lib/mime';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { DescriptionDamaged } from './damaged.ts';

/** Kinds of addresses in stored descriptions: mailboxes, those with a route (RFC 5322 §4.4), and the ends of groups (RFC 5322 §3.4). */
const Kind = { Mailbox: 0, Routed: 1, GroupStart: 2, GroupEnd: 3 } as const;

/** Adds the envelope of a message inside another. */
export function writeEnvelope(writer: ByteWriter, envelope: Envelope): void {
  const { date, subject, inReplyTo, messageId, from, sender, replyTo, to, cc, bcc } = envelope;
  for (const text of [date, subject, inReplyTo, messageId]) writer.text(text);
  for (const list of [from, sender, replyTo, to, cc, bcc]) {
    writer.number(list === null ? 0 : list.length + 1);
    for (const address of list ?? []) writeAddress(writer, address);
  }
}

function writeAddress(writer: ByteWriter, address: EnvelopeAddress): void {
  switch (address.kind) {
    case 'mailbox':
      writer.number(address.route === undefined ? Kind.Mailbox : Kind.Routed);
      writer.text(address.name).text(address.localpart).text(address.domain);
      if (address.route !== undefined) writer.text(address.route);
      break;
    case 'groupStart':
      writer.number(Kind.GroupStart).text(address.name);
      break;
    case 'groupEnd':
      writer.number(Kind.GroupEnd);
      break;
  }
}

/** Reads what `writeEnvelope` wrote. @throws DescriptionDamaged. */
export function readEnvelope(reader: ByteReader): Envelope {
  return {
    date: reader.nullableText(),
    subject: reader.nullableText(),
    inReplyTo: reader.nullableText(),
    messageId: reader.nullableText(),
    from: readList(reader),
    sender: readList(reader),
    replyTo: readList(reader),
    to: readList(reader),
    cc: readList(reader),
    bcc: readList(reader),
  };
}

function readList(reader: ByteReader): EnvelopeAddress[] | null {
  const count = reader.count();
  if (count === 0) return null;
  return Array.from({ length: count - 1 }, () => readAddress(reader));
}

function readAddress(reader: ByteReader): EnvelopeAddress {
  const kind = reader.number();
  switch (kind) {
    case Kind.Mailbox:
    case Kind.Routed: {
      const name = reader.nullableText();
      const address = { kind: 'mailbox', name, localpart: reader.text(), domain: reader.text() } as const;
      return kind === Kind.Mailbox ? address : { ...address, route: reader.text() };
    }
    case Kind.GroupStart:
      return { kind: 'groupStart', name: reader.text() };
    case Kind.GroupEnd:
      return { kind: 'groupEnd' };
    default:
      throw new DescriptionDamaged('an unknown kind of address in a description');
  }
}
