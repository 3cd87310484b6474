import { octetsOf } from '#lib/charset';
import type { MessageDescription } from '#lib/message-description';
import { shortStructure } from './short-structure.ts';
import { TextWriter } from './text-writer.ts';
import { putPart } from './write-body-structure.ts';
import { putEnvelope } from './write-envelope.ts';

/** Source of texts, as it is stored of a message: its description, or the texts that were stored ready to send before there were descriptions, each an `octetText` of #lib/charset. */
export interface TextSource {
  readonly description: Pick<MessageDescription, 'envelope' | 'root'> | null;
  readonly oldTexts: { readonly envelope: string; readonly body: string; readonly bodyStructure: string } | null;
}

/** A text ready to send: a string of US-ASCII, or bytes. */
export type ReadyText = string | Uint8Array;

/** Returns ENVELOPE (RFC 9051 §7.5.2), empty without a source. */
export function envelopeText({ description, oldTexts }: TextSource): ReadyText {
  if (oldTexts !== null) return ready(oldTexts.envelope);
  if (description === null) return '';
  const writer = new TextWriter();
  putEnvelope(writer, description.envelope);
  return writer.ready;
}

/** Returns BODYSTRUCTURE (RFC 9051 §7.5.2), empty without a source. @throws DescriptionDamaged. */
export function bodyStructureText({ description, oldTexts }: TextSource): ReadyText {
  if (oldTexts !== null) return ready(oldTexts.bodyStructure);
  return structure(description, true);
}

/** Returns BODY (RFC 9051 §7.5.2), empty without a source. @throws DescriptionDamaged or NoBodyStructure. */
export function bodyText({ description, oldTexts }: TextSource): ReadyText {
  if (oldTexts !== null) return ready(oldTexts.body === '' ? shortStructure(oldTexts.bodyStructure) : oldTexts.body);
  return structure(description, false);
}

/** Positions in `listTexts`. Stored in blocks of lists: they never change. */
export const ListText = { Envelope: 0, BodyStructure: 1 } as const;

/** Texts that lists ask for of many messages, in the order of `ListText`; empty ones are those that cannot be made. */
export const listTexts = {
  count: 2,
  write: (source: TextSource) => [envelopeText(source), structureOrNothing(source)],
};

function structureOrNothing(source: TextSource): ReadyText {
  try {
    return bodyStructureText(source);
  } catch {
    // A command about this message alone reports what is wrong.
    return '';
  }
}

function structure(description: TextSource['description'], extended: boolean): ReadyText {
  if (description === null) return '';
  const writer = new TextWriter();
  putPart(writer, description.root, { extended });
  return writer.ready;
}

function ready(text: string): ReadyText {
  return /[^\0-\x7f]/.test(text) ? octetsOf(text) : text;
}
