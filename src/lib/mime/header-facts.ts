import { fieldText, parseListedFields, parseMessageIds, type HeaderField, type ListedFields } from '#lib/message';
import { envelopeOf } from './envelope.ts';
import type { Envelope } from './part.ts';

const maxReferences = 200;

/** Addresses, dates and identifiers of a message (RFC 5322 §3.6), read from its listed fields when they are first asked for. */
export class HeaderFacts {
  readonly #listed: ListedFields;
  #fields: readonly HeaderField[] | null = null;
  #envelope: Envelope | null = null;
  #references: readonly string[] | null = null;

  constructor(listed: ListedFields) {
    this.#listed = listed;
  }

  /** The listed fields. */
  get fields(): readonly HeaderField[] {
    return (this.#fields ??= parseListedFields(this.#listed));
  }

  get envelope(): Envelope {
    return (this.#envelope ??= envelopeOf(this.fields));
  }

  /** Message-IDs of References, in order, with angle brackets; at most 200. */
  get references(): readonly string[] {
    return (this.#references ??= referencesOf(this.fields));
  }
}

function referencesOf(fields: readonly HeaderField[]): string[] {
  const references: string[] = [];
  for (const field of fields) {
    if (field.name !== 'references' || references.length >= maxReferences) continue;
    for (const id of parseMessageIds(fieldText(field), maxReferences - references.length)) references.push(id);
  }
  return references;
}
