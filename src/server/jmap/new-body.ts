import { isJsonObject, memberOf, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import { defaultMimeLimits, partHead, type PartHead } from '#lib/mime';
import { parseHeaderProperty } from './header-property.ts';
import type { InvalidProperties } from './invalid-properties.ts';
import { NewFields } from './new-fields.ts';
import { namedParameter, PartProperties, type PartPlace } from './part-properties.ts';

/** Bytes of a part before they are encoded: a text of `bodyValues`, or a blob by its id as the client gives it. */
export type PartSource =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'blob'; readonly blobId: string };

/** A part that is no multipart, as a client describes it. */
export interface NewLeaf {
  readonly kind: 'leaf';
  readonly head: PartHead;
  readonly source: PartSource;
}

/** A part as a client describes it (RFC 8621 §4.1.4, §4.6). */
export type NewPart =
  | NewLeaf
  | { readonly kind: 'multipart'; readonly head: PartHead; readonly parts: readonly NewPart[] };

/** Body of a new email. */
export type NewBody =
  | { readonly kind: 'structure'; readonly root: NewPart }
  | {
      readonly kind: 'lists';
      readonly text: NewLeaf | null;
      readonly html: NewLeaf | null;
      readonly attachments: readonly NewLeaf[];
    };

const bodyNames = ['bodyStructure', 'bodyValues', 'textBody', 'htmlBody', 'attachments'];

/** Reports whether a property describes the body of a new email. */
export function isNewBodyProperty(name: string): boolean {
  return bodyNames.includes(name);
}

/**
 * Reads the body of a new email (RFC 8621 §4.6).
 * @param fields  Those of the email, which its outermost part must not give again.
 * @throws SetError tooLarge for too many parts.
 */
export function readNewBody(email: JsonObject, fields: NewFields, invalid: InvalidProperties): NewBody {
  const reader = new BodyReader(bodyValuesOf(memberOf(email, 'bodyValues') ?? null, invalid), fields, invalid);
  const structure = memberOf(email, 'bodyStructure') ?? null;
  if (structure !== null) {
    for (const name of ['textBody', 'htmlBody', 'attachments'])
      if ((memberOf(email, name) ?? null) !== null) invalid.add(name, 'bodyStructure describes the whole body');
    return { kind: 'structure', root: reader.part(structure, 'bodyStructure', { isRoot: true }) };
  }
  const single = (name: string, type: string): NewLeaf | null => {
    const parts = memberOf(email, name) ?? null;
    if (parts === null) return null;
    if (Array.isArray(parts) && parts.length === 1) return reader.leaf(parts[0] as JsonValue, `${name}/0`, { type });
    invalid.add(name, 'exactly one part is expected');
    return null;
  };
  const text = single('textBody', 'text/plain');
  const html = single('htmlBody', 'text/html');
  const files = memberOf(email, 'attachments') ?? [];
  if (!Array.isArray(files)) invalid.add('attachments', 'an array is expected');
  const attachments = (Array.isArray(files) ? (files as readonly JsonValue[]) : []).map((file, i) =>
    reader.leaf(file, `attachments/${i}`, { isAttachment: true }),
  );
  return { kind: 'lists', text, html, attachments };
}

/** Texts by `partId`, with CRLF at line ends. */
function bodyValuesOf(value: JsonValue, invalid: InvalidProperties): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (value !== null && !isJsonObject(value)) invalid.add('bodyValues', 'an object is expected');
  for (const [partId, one] of Object.entries(isJsonObject(value) ? value : {})) {
    const text = isJsonObject(one) ? memberOf(one, 'value') : undefined;
    if (isJsonObject(one) && typeof text === 'string') {
      // RFC 8621 §4.6: both are false or left out.
      if (Object.entries(one).some(([name, member]) => name !== 'value' && !isFalseFlag(name, member)))
        invalid.add(`bodyValues/${partId}`, 'value is expected, and isEncodingProblem and isTruncated may be false');
      texts.set(partId, text.toWellFormed().replace(/\r?\n/g, '\r\n'));
    } else invalid.add(`bodyValues/${partId}`, 'an object with a value is expected');
  }
  return texts;
}

function isFalseFlag(name: string, value: JsonValue): boolean {
  return (name === 'isEncodingProblem' || name === 'isTruncated') && value === false;
}

/** Fields of a part's header that other properties stand for. */
const fieldsOfProperties: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'content-type': ['type', 'charset', 'name'],
    'content-disposition': ['disposition', 'name'],
    'content-id': ['cid'],
    'content-language': ['language'],
    'content-location': ['location'],
  }),
);

const readProperties = 'partId blobId size name type charset disposition cid language location subParts'.split(' ');

/** Reads the parts of one email. */
class BodyReader {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #emailFields: NewFields;
  readonly #invalid: InvalidProperties;
  readonly #used = new Set<string>();
  #parts = 0;

  constructor(texts: ReadonlyMap<string, string>, emailFields: NewFields, invalid: InvalidProperties) {
    this.#texts = texts;
    this.#emailFields = emailFields;
    this.#invalid = invalid;
  }

  leaf(value: JsonValue, path: string, place: PartPlace): NewLeaf {
    const part = this.part(value, path, place);
    if (part.kind === 'leaf') return part;
    this.#invalid.add(`${path}/type`, 'a multipart is expected in bodyStructure only');
    return { kind: 'leaf', head: part.head, source: noText };
  }

  part(value: JsonValue, path: string, place: PartPlace): NewPart {
    // What has more parts than are read back is no message that clients could show.
    this.#parts += 1;
    if (this.#parts > defaultMimeLimits.maxParts)
      throw new SetError('tooLarge', `an email has at most ${defaultMimeLimits.maxParts} parts`);
    if (!isJsonObject(value)) {
      this.#invalid.add(path, 'an object is expected');
      return { kind: 'leaf', head: partHead('text/plain'), source: noText };
    }
    const properties = new PartProperties(value, path, this.#invalid);
    const fields = this.#fieldsOf(value, path, place);
    const subParts = properties.value('subParts');
    const { type, params } = properties.type(place, subParts !== null);
    const disposition = properties.disposition(place);
    const name = properties.name();
    const isMultipart = type.startsWith('multipart/');
    const source = isMultipart || subParts !== null ? null : this.#source(properties);
    const head: PartHead = {
      type,
      params: [...params, ...namedParameter('name', type.startsWith('message/') ? null : name)],
      disposition:
        disposition === null
          ? null
          : { ...disposition, params: [...disposition.params, ...namedParameter('filename', name)] },
      contentId: properties.matching(
        'cid',
        /^[^\s<>\p{Cc}]{1,250}$/u,
        '1 to 250 characters, no spaces and angle brackets, are expected',
      ),
      language: properties.language(),
      location: properties.matching('location', /^[!-~]{1,900}$/, 'a URI of at most 900 characters is expected'),
      fields: fields.text(),
    };
    if (isMultipart !== (subParts !== null))
      this.#invalid.add(`${path}/subParts`, 'a multipart has subParts, and no other part has');
    if (subParts === null || !isMultipart) return { kind: 'leaf', head, source: source ?? noText };
    for (const other of ['partId', 'blobId', 'charset'])
      if (properties.value(other) !== null) this.#invalid.add(`${path}/${other}`, 'a multipart has none');
    if (!Array.isArray(subParts) || subParts.length === 0) {
      this.#invalid.add(`${path}/subParts`, 'an array with a part is expected');
      return { kind: 'multipart', head, parts: [] };
    }
    const parts = (subParts as readonly JsonValue[]).map((one, i) => this.part(one, `${path}/subParts/${i}`, {}));
    return { kind: 'multipart', head, parts };
  }

  /** RFC 8621 §4.6: `partId` or `blobId`, not both; size and charset of a text are the server's to say. */
  #source(properties: PartProperties): PartSource | null {
    const partId = properties.text('partId');
    const blobId = properties.text('blobId');
    if ((partId === null) === (blobId === null)) {
      properties.refuse(partId === null ? 'partId' : 'blobId', 'either partId or blobId is expected');
      return null;
    }
    if (blobId !== null) return { kind: 'blob', blobId };
    for (const name of ['size', 'charset'])
      if (properties.value(name) !== null) properties.refuse(name, 'the server finds it for a part with a partId');
    const text = this.#texts.get(partId ?? '');
    if (text === undefined) properties.refuse('partId', 'bodyValues has no such part');
    if (this.#used.has(partId ?? '')) properties.refuse('partId', 'another part has the same id');
    this.#used.add(partId ?? '');
    return { kind: 'text', value: text ?? '' };
  }

  /** Fields that come from `header:` properties and are not written otherwise. */
  #fieldsOf(part: JsonObject, path: string, { isRoot = false }: PartPlace): NewFields {
    const fields = new NewFields(this.#invalid);
    for (const [name, value] of Object.entries(part)) {
      if (readProperties.includes(name)) continue;
      const property = parseHeaderProperty(name);
      const own = property === null ? undefined : fieldsOfProperties.get(property.field);
      const at = `${path}/${name}`;
      if (property === null) this.#invalid.add(at, 'a new part has no such property');
      else if (property.field === 'content-transfer-encoding') this.#invalid.add(at, 'the server chooses the encoding');
      else if (property.field === 'mime-version') this.#invalid.add(at, 'the server writes this field');
      else if (isRoot && this.#emailFields.has(property.field))
        this.#invalid.add(at, 'the email has the same header field');
      else if (own?.some((other) => (memberOf(part, other) ?? null) !== null) === true)
        this.#invalid.add(at, 'another property stands for the same header field');
      else if (own !== undefined && (property.isAll || (property.form !== 'Raw' && property.form !== 'Text')))
        this.#invalid.add(at, 'this field is set in its raw form');
      // Type and disposition are read, because the server adds parameters.
      else if (property.field !== 'content-type' && property.field !== 'content-disposition')
        fields.add(at, property, value);
    }
    return fields;
  }
}

const noText: PartSource = { kind: 'text', value: '' };
