import { isJsonObject, jsonObject, writeUtcDate, type JsonObject, type JsonValue } from '#lib/jmap';
import { findParameter, listedFieldPlace, parseHeader, type HeaderField } from '#lib/message';
import { keywordsOf, type Email } from '#mail/emails';
import { bodyListsOf, bodyStructureOf, hasAttachment, type BodyLists, type BodyPart } from './body-parts.ts';

import { headerValue, parseHeaderProperty, rawValue } from './header-property.ts';
import { emailIds, mailboxIds, threadIds } from './ids.ts';
import type { MessageReader } from './message-reader.ts';

/** Arguments that say what an Email object has (RFC 8621 §4.2). */
export interface EmailArguments {
  readonly properties: readonly string[];
  readonly bodyProperties: readonly string[];
  readonly fetchTextBodyValues: boolean;
  readonly fetchHTMLBodyValues: boolean;
  readonly fetchAllBodyValues: boolean;
  readonly maxBodyValueBytes: number;
}

/** Properties for single header fields, by the names that are shorter (RFC 8621 §4.1.3). */
export const shortHeaderNames: Readonly<Record<string, string>> = {
  messageId: 'header:Message-ID:asMessageIds',
  inReplyTo: 'header:In-Reply-To:asMessageIds',
  references: 'header:References:asMessageIds',
  sender: 'header:Sender:asAddresses',
  from: 'header:From:asAddresses',
  to: 'header:To:asAddresses',
  cc: 'header:Cc:asAddresses',
  bcc: 'header:Bcc:asAddresses',
  replyTo: 'header:Reply-To:asAddresses',
  subject: 'header:Subject:asText',
  sentAt: 'header:Date:asDate',
};

const metadata: Readonly<Record<string, (email: Email) => JsonValue>> = {
  id: ({ id }) => emailIds.write(id),
  threadId: ({ thread }) => threadIds.write(thread),
  mailboxIds: ({ places }) => jsonObject(places.map(({ mailbox }) => [mailboxIds.write(mailbox), true])),
  keywords: (email) => jsonObject([...keywordsOf(email)].map((keyword) => [keyword, true])),
  receivedAt: ({ receivedMs }) => writeUtcDate(receivedMs),
};

const bodyNames = ['bodyStructure', 'textBody', 'htmlBody', 'attachments', 'hasAttachment', 'bodyValues'];

/** Properties unless others are asked for (RFC 8621 §4.2). */
export const defaultProperties = (
  'id blobId threadId mailboxIds keywords size receivedAt messageId inReplyTo references sender from to cc bcc replyTo subject sentAt ' +
  'hasAttachment preview bodyValues textBody htmlBody attachments'
).split(' ');

/** Properties of body parts unless others are asked for (RFC 8621 §4.2). */
export const defaultBodyProperties = 'partId blobId size name type charset disposition cid language location'.split(
  ' ',
);

function isMetadata(name: string): boolean {
  return Object.hasOwn(metadata, name) || name === 'blobId' || name === 'size';
}

/** Reports whether an email has a property of this name. */
export function isEmailProperty(name: string): boolean {
  return (
    isMetadata(name) ||
    Object.hasOwn(shortHeaderNames, name) ||
    bodyNames.includes(name) ||
    name === 'preview' ||
    name === 'headers' ||
    parseHeaderProperty(name) !== null
  );
}

/** Reports whether a property of an email comes from the description of its message. */
export function needsDescription(name: string): boolean {
  return !isMetadata(name) && name !== 'preview';
}

/** Reports whether a body part has a property of this name. */
export function isBodyProperty(name: string): boolean {
  return (
    defaultBodyProperties.includes(name) ||
    name === 'headers' ||
    name === 'subParts' ||
    parseHeaderProperty(name) !== null
  );
}

/** Returns an Email object with the properties that are wanted (RFC 8621 §4.1). Reads no more of the message than they need. */
export async function emailObject(reader: MessageReader, wanted: EmailArguments): Promise<JsonObject> {
  const { properties } = wanted;
  const members: [string, JsonValue][] = [];
  const headerNames = properties.filter((name) => Object.hasOwn(shortHeaderNames, name) || name.startsWith('header:'));
  const fields = headerNames.length > 0 || properties.includes('headers') ? await fieldsOf(reader, properties) : [];
  for (const name of properties) {
    const header = parseHeaderProperty(shortHeaderNames[name] ?? name);
    const own = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    if (name === 'blobId') members.push([name, reader.blobId]);
    // RFC 8621 §4.9: a message that is no email of the account has none of these.
    else if (own !== undefined) members.push([name, reader.email === null ? null : own(reader.email)]);
    else if (name === 'size') members.push([name, reader.email?.sizeBytes ?? (await reader.bytes()).sizeBytes]);
    else if (header !== null) members.push([name, headerValue(fields, header)]);
    else if (name === 'headers') members.push([name, headersOf(fields)]);
    else if (name === 'preview') members.push([name, await reader.preview()]);
  }
  if (properties.some((name) => bodyNames.includes(name))) members.push(...(await bodyMembers(reader, wanted)));
  return jsonObject(members);
}

/** Fields of the header: those of the description when all that are wanted are among them. */
async function fieldsOf(reader: MessageReader, properties: readonly string[]): Promise<readonly HeaderField[]> {
  const wanted = properties.flatMap((name) => parseHeaderProperty(shortHeaderNames[name] ?? name)?.field ?? []);
  if (!properties.includes('headers') && wanted.every((name) => listedFieldPlace(name) >= 0)) {
    const { listed } = await reader.description();
    if (listed.isPlain) return parseHeader(listed.bytes);
  }
  return await reader.header();
}

function headersOf(fields: readonly HeaderField[]): JsonValue[] {
  return fields.filter(({ name }) => name !== '').map((field) => ({ name: field.rawName, value: rawValue(field) }));
}

async function bodyMembers(reader: MessageReader, wanted: EmailArguments): Promise<[string, JsonValue][]> {
  const { properties } = wanted;
  const { root } = await reader.description();
  const structure = bodyStructureOf(root);
  const lists = bodyListsOf(structure);
  const members: [string, JsonValue][] = [];
  const flat = wanted.bodyProperties.filter((name) => name !== 'subParts');
  for (const name of properties) {
    if (name === 'bodyStructure') members.push([name, await partObject(reader, structure, [...flat, 'subParts'])]);
    else if (name === 'hasAttachment') members.push([name, hasAttachment(lists)]);
    else if (name === 'bodyValues') members.push([name, await bodyValues(reader, structure, lists, wanted)]);
    else if (name === 'textBody' || name === 'htmlBody' || name === 'attachments') {
      const parts: JsonValue[] = [];
      for (const part of lists[name]) parts.push(await partObject(reader, part, flat));
      members.push([name, parts]);
    }
  }
  return members;
}

async function bodyValues(
  reader: MessageReader,
  structure: BodyPart,
  { textBody, htmlBody }: BodyLists,
  wanted: EmailArguments,
): Promise<JsonObject> {
  const parts = new Set<BodyPart>();
  if (wanted.fetchTextBodyValues) for (const part of textBody) parts.add(part);
  if (wanted.fetchHTMLBodyValues) for (const part of htmlBody) parts.add(part);
  if (wanted.fetchAllBodyValues) for (const part of leaves(structure)) parts.add(part);
  const values: [string, JsonValue][] = [];
  for (const { part, path } of parts) {
    if (part.type !== 'text') continue;
    const { value, isEncodingProblem, isTruncated } = await reader.text(part, wanted.maxBodyValueBytes);
    values.push([path.join('.'), { value, isEncodingProblem, isTruncated }]);
  }
  return jsonObject(values);
}

function* leaves(part: BodyPart): Generator<BodyPart> {
  if (part.subParts === null) yield part;
  else for (const child of part.subParts) yield* leaves(child);
}

async function partObject(reader: MessageReader, body: BodyPart, names: readonly string[]): Promise<JsonObject> {
  const { part, path, type, name, subParts } = body;
  const { id, disposition, language, location } = part;
  const members: [string, JsonValue][] = [];
  let fields: readonly HeaderField[] | null = null;
  for (const property of names) {
    const header = parseHeaderProperty(property);
    if (header !== null || property === 'headers') {
      fields ??= await reader.partHeader(part);
      members.push([property, header === null ? headersOf(fields) : headerValue(fields, header)]);
    } else if (property === 'partId') members.push([property, subParts === null ? path.join('.') : null]);
    else if (property === 'blobId') members.push([property, subParts === null ? reader.partBlobId(path) : null]);
    else if (property === 'size') members.push([property, await reader.decodedSize(part)]);
    else if (property === 'name') members.push([property, name]);
    else if (property === 'type') members.push([property, type]);
    else if (property === 'charset')
      members.push([property, part.type === 'text' ? (findParameter(part.params, 'charset') ?? 'us-ascii') : null]);
    else if (property === 'disposition') members.push([property, disposition?.type ?? null]);
    else if (property === 'cid') members.push([property, id === null ? null : id.replace(/^<|>$/g, '')]);
    else if (property === 'language') members.push([property, language.length === 0 ? null : language]);
    else if (property === 'location') members.push([property, location]);
    else if (property === 'subParts' && subParts !== null) {
      const children: JsonObject[] = [];
      for (const child of subParts) children.push(await partObject(reader, child, names));
      members.push([property, children.filter(isJsonObject)]);
    }
  }
  return jsonObject(members);
}
