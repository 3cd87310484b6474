import { readableText } from '#lib/charset';
import { writeBodyStructure, writeEnvelope } from '#lib/imap';
import { baseSubject, parseDate, parseMessageIds } from '#lib/message';
import type { EnvelopeAddress, MessageIndex } from '#lib/mime';
import { boundedStructure } from './bounded-structure.ts';
import { messageLimits } from './limits.ts';
import type { MessageDescription } from './message.ts';
import { packPart } from './pack-part.ts';

const dayMs = 24 * 60 * 60_000;
/** Longer identifiers and subjects are cut: they are keys, and clients see the originals in the envelope. */
const maxKeyLength = 500;
const maxStoredReferences = 200;

/** What a message's index says, in the form in which rows keep it. Pure; once per message, however many accounts get it. */
export function describeMessage(index: MessageIndex): MessageDescription {
  const { envelope } = index;
  const { root, text: bodyStructure } = boundedStructure(index.root, messageLimits.maxStructureChars, (part) =>
    writeBodyStructure(part, { extended: true }),
  );
  const subject = baseSubject(envelope.subject ?? '');
  const from = firstAddress(envelope.from);
  const inReplyTo = envelope.inReplyTo === null ? [] : parseMessageIds(envelope.inReplyTo);
  return {
    envelope: writeEnvelope(envelope),
    bodyStructure,
    structure: packPart(root),
    headerBytes: root.bodyStart,
    hasNul: index.hasNul,
    sentDayMs: sentDay(envelope.date),
    messageId: envelope.messageId === null ? null : bare(parseMessageIds(envelope.messageId, 1)[0]),
    references: bareAll([...inReplyTo, ...index.references]),
    baseSubject: subject.base === '' ? null : key(subject.base.toLowerCase()),
    isReply: subject.isReplyOrForward,
    isReport: root.type === 'multipart' && root.subtype === 'report',
    fromAddress: from === null ? null : key(`${from.localpart}@${from.domain}`),
    fromDomain: from === null ? null : key(from.domain.toLowerCase()),
  };
}

/** RFC 9051 §6.4.4: SENTBEFORE and its kin disregard time and zone, so the day is the one that was written. */
function sentDay(date: string | null): number | null {
  const parsed = date === null ? null : parseDate(date);
  if (parsed === null) return null;
  return Math.floor((parsed.ms + parsed.offsetMinutes * 60_000) / dayMs) * dayMs;
}

function firstAddress(list: readonly EnvelopeAddress[] | null): (EnvelopeAddress & { kind: 'mailbox' }) | null {
  return list?.find((address) => address.kind === 'mailbox') ?? null;
}

function bare(id: string | undefined): string | null {
  return id === undefined ? null : key(id.slice(1, -1));
}

/** In-Reply-To comes first, so that the last of References, the nearest parent, wins. */
function bareAll(ids: readonly string[]): string[] {
  return ids.slice(-maxStoredReferences).map((id) => key(id.slice(1, -1)));
}

/** Text that every database takes in a column and gives back the same: no NUL, no half of a surrogate pair. */
function key(text: string): string {
  return readableText(text.slice(0, maxKeyLength)).replaceAll('\0', '').toWellFormed();
}
