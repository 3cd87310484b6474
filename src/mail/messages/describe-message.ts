import { readableText } from '#lib/charset';
import {
  baseSubject,
  decodeEncodedWords,
  fieldOctets,
  findField,
  parseDate,
  parseListedFields,
  parseMessageIds,
  type HeaderField,
} from '#lib/message';
import type { MessageIndex } from '#lib/mime';
import type { DescribedMessage } from './message.ts';
import { writeDescription } from './stored-description.ts';

const dayMs = 24 * 60 * 60_000;
/** Longer identifiers and subjects are cut: they are keys, and clients see the originals in the description. */
const maxKeyLength = 500;
const maxStoredReferences = 200;

/** Returns what a message's index says, in the form in which rows keep it. Pure; once per message, however many accounts get it. */
export function describeMessage(index: MessageIndex): DescribedMessage {
  const { root, listed } = index;
  const fields = parseListedFields(listed);
  const messageId = valueOf(fields, 'message-id');
  const subject = baseSubject(decodeEncodedWords(readableText(valueOf(fields, 'subject') ?? '')));
  return {
    description: writeDescription(listed, root),
    headerBytes: root.bodyStart,
    hasNul: index.hasNul,
    sentDayMs: sentDay(valueOf(fields, 'date')),
    messageId: messageId === null ? null : bare(parseMessageIds(messageId, 1)[0]),
    references: bareAll([...parseMessageIds(valueOf(fields, 'in-reply-to') ?? ''), ...index.references]),
    baseSubject: subject.base === '' ? null : key(subject.base.toLowerCase()),
    isReply: subject.isReplyOrForward,
    isReport: root.type === 'multipart' && root.subtype === 'report',
  };
}

/** The first field with a name, unfolded, as an octet text. */
function valueOf(fields: readonly HeaderField[], name: string): string | null {
  const field = findField(fields, name);
  return field === null ? null : fieldOctets(field);
}

/** RFC 9051 §6.4.4: SENTBEFORE and its kin disregard time and zone, so the day is the one that was written. */
function sentDay(date: string | null): number | null {
  const parsed = date === null ? null : parseDate(date);
  if (parsed === null) return null;
  return Math.floor((parsed.ms + parsed.offsetMinutes * 60_000) / dayMs) * dayMs;
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
