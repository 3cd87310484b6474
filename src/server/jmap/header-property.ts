import { writeDate, type JsonValue } from '#lib/jmap';
import {
  decodeEncodedWords,
  fieldText,
  parseAddressList,
  parseDate,
  parseMessageIds,
  withoutComments,
  type AddressEntry,
  type HeaderField,
} from '#lib/message';

/** A property that gives one header field in some form (RFC 8621 §4.1.3). */
export interface HeaderProperty {
  /** Name of the field as the client writes it. */
  readonly name: string;
  /** Name in lower case. */
  readonly field: string;
  readonly form: HeaderForm;
  readonly isAll: boolean;
}

/** Forms of the value of a field (RFC 8621 §4.1.2). */
export type HeaderForm = 'Raw' | 'Text' | 'Addresses' | 'GroupedAddresses' | 'MessageIds' | 'Date' | 'URLs';

const pattern = /^header:([!-9;-~]+)(?::as([A-Za-z]+))?(:all)?$/;

const addressFields =
  'from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc resent-bcc'.split(' ');

/** Fields of RFC 5322 and RFC 2369 with the forms in which they may be fetched beside Raw; all others may have any (RFC 8621 §4.1.2). */
const formsOf = new Map<string, readonly HeaderForm[]>([
  ...addressFields.map((name) => [name, ['Addresses', 'GroupedAddresses']] as const),
  ...['message-id', 'in-reply-to', 'references', 'resent-message-id'].map((name) => [name, ['MessageIds']] as const),
  ...['date', 'resent-date'].map((name) => [name, ['Date']] as const),
  ...['subject', 'comments', 'keywords'].map((name) => [name, ['Text']] as const),
  ...['help', 'unsubscribe', 'subscribe', 'post', 'owner', 'archive'].map(
    (name) => [`list-${name}`, ['URLs']] as const,
  ),
  ...['return-path', 'received'].map((name) => [name, []] as const),
]);

const forms: Readonly<Record<HeaderForm, (field: HeaderField) => JsonValue>> = {
  Raw: rawValue,
  Text: textValue,
  Addresses: (field) => addressesOf(parseAddressList(fieldText(field))),
  GroupedAddresses: (field) => groupsOf(parseAddressList(fieldText(field))),
  MessageIds: messageIdsOf,
  Date: (field) => {
    const date = parseDate(fieldText(field));
    return date === null ? null : writeDate(date.ms, date.offsetMinutes);
  },
  URLs: urlsOf,
};

/** Parses the name of a property such as `header:Subject:asText:all`; null when it is none, or the form does not fit the field. */
export function parseHeaderProperty(name: string): HeaderProperty | null {
  const [, written, form = 'Raw', all] = pattern.exec(name) ?? [];
  if (written === undefined || !Object.hasOwn(forms, form)) return null;
  const field = written.toLowerCase();
  const known = form as HeaderForm;
  if (known !== 'Raw' && formsOf.get(field)?.includes(known) === false) return null;
  return { name: written, field, form: known, isAll: all !== undefined };
}

/** Returns the value of a property (RFC 8621 §4.1.3). */
export function headerValue(fields: readonly HeaderField[], { field, form, isAll }: HeaderProperty): JsonValue {
  const found = fields.filter(({ name }) => name === field);
  if (isAll) return found.map(forms[form]);
  const last = found.at(-1);
  return last === undefined ? null : forms[form](last);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** RFC 8621 §4.1.2.1: the octets after the colon; what is no UTF-8 becomes U+FFFD, NUL is dropped. */
export function rawValue({ bytes, valueStart, end }: HeaderField): string {
  return utf8
    .decode(bytes.subarray(valueStart, end))
    .replace(/[\r\n]+$/, '')
    .replaceAll('\0', '');
}

function textValue(field: HeaderField): string {
  const text = decodeEncodedWords(fieldText(field));
  // RFC 8621 §4.1.2.2: control characters are dropped.
  return text.replace(/(?!\t)\p{Cc}/gu, '').normalize('NFC');
}

function addressesOf(list: readonly AddressEntry[]): JsonValue[] {
  return list.flatMap((entry) =>
    entry.kind === 'mailbox' ? [{ name: entry.name, email: addrSpec(entry.localpart, entry.domain) }] : [],
  );
}

function groupsOf(list: readonly AddressEntry[]): JsonValue[] {
  const groups: { readonly name: string | null; readonly entries: AddressEntry[] }[] = [];
  let isOpen = false;
  for (const entry of list) {
    if (entry.kind === 'groupStart') groups.push({ name: entry.name, entries: [] });
    else if (entry.kind === 'mailbox') {
      if (!isOpen) groups.push({ name: null, entries: [] });
      groups.at(-1)?.entries.push(entry);
    }
    isOpen = entry.kind !== 'groupEnd';
  }
  return groups.map(({ name, entries }) => ({ name, addresses: addressesOf(entries) }));
}

const dotAtom = /^[^\s"(),.:;<>@[\\\]]+(?:\.[^\s"(),.:;<>@[\\\]]+)*$/;

/** Returns an address as it is written in mail: an unusual localpart is quoted (RFC 5322 §3.4.1). */
function addrSpec(localpart: string, domain: string): string {
  if (domain === '') return localpart;
  const local = dotAtom.test(localpart) ? localpart : `"${localpart.replace(/["\\]/g, '\\$&')}"`;
  return `${local}@${domain}`;
}

function messageIdsOf(field: HeaderField): JsonValue {
  const ids = parseMessageIds(fieldText(field));
  return ids.length === 0 ? null : ids.map((id) => id.slice(1, -1));
}

function urlsOf(field: HeaderField): JsonValue {
  const urls = [...withoutComments(fieldText(field)).matchAll(/<([^<>]*)>/g)].map(([, url = '']) =>
    url.replace(/\s+/g, ''),
  );
  return urls.length === 0 ? null : urls;
}
