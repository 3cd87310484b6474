import { isJsonObject, memberOf, parseZonedDate, type JsonValue } from '#lib/jmap';
import { foldField, writeAddresses, writeDate, writeUnstructured, type AddressEntry } from '#lib/message';
import type { HeaderForm } from './header-property.ts';

/** RFC 5322 §2.1.1: most octets of a line, without its line break. */
const maxLineBytes = 998;
/** Characters of a field name, so that a line has room for a value. */
const maxNameChars = 200;
const encoder = new TextEncoder();

/** Refusal of a value that a header field cannot have. */
export class BadHeader extends Error {
  override readonly name = 'BadHeader';
}

/**
 * Writes one field with CRLF from its value in one of the forms (RFC 8621 §4.1.2). Addresses that are half written are kept so that they are read as they were
 * (RFC 8621 §4.1.2.3). @throws BadHeader for values of another type, and for what would end the field or begin another.
 */
export function writeHeaderField(name: string, form: HeaderForm, value: JsonValue): string {
  if (name.length > maxNameChars) throw new BadHeader(`a field name has at most ${maxNameChars} characters`);
  const field = writers[form](name, value);
  if (field.split('\r\n').some((line) => line.length > maxLineBytes / 3 && encoder.encode(line).length > maxLineBytes))
    throw new BadHeader(`a line of a header has at most ${maxLineBytes} octets`);
  return field;
}

const writers: Readonly<Record<HeaderForm, (name: string, value: JsonValue) => string>> = {
  Raw: rawField,
  Text: (name, value) => writeUnstructured(name, textOf(value)),
  Addresses: (name, value) => writeAddresses(name, addressesOf(value)),
  GroupedAddresses: (name, value) => writeAddresses(name, groupsOf(value)),
  MessageIds: (name, value) => foldField(name, identifiersOf(value)),
  Date: (name, value) => `${name}: ${dateOf(value)}\r\n`,
  URLs: (name, value) => foldField(name, urlsOf(value)),
};

/** A fold of a value: a line break before white space, and more on the new line (RFC 5322 §2.2.3, §4.2). */
const fold = /\r\n(?=[ \t]+[^ \t\r\n])/g;

/** RFC 8621 §4.1.2.1: everything after the colon, as it is. Lines that are too long are folded. */
function rawField(name: string, value: JsonValue): string {
  if (typeof value !== 'string') throw new BadHeader('a string is expected');
  if (/(?!\t)\p{Cc}/u.test(value.replace(fold, ''))) throw new BadHeader('control characters cannot be in a header');
  const text = value.toWellFormed();
  if (text.split('\r\n').every((line) => name.length + 1 + encoder.encode(line).length <= maxLineBytes))
    return `${name}:${text}\r\n`;
  return foldField(name, text.replace(fold, '').match(/[ \t]+[^ \t]*|[^ \t]+/g) ?? []);
}

/** Returns a text that is no header injection. @throws BadHeader. */
function textOf(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw new BadHeader('a string is expected');
  if (/[\0\r\n]/.test(value)) throw new BadHeader('line breaks and NUL cannot be in a header');
  return value;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new BadHeader('an array is expected');
  return value as readonly JsonValue[];
}

function addressesOf(value: JsonValue | undefined): AddressEntry[] {
  return listOf(value).flatMap((one) => {
    if (!isJsonObject(one)) throw new BadHeader('addresses are objects with name and email');
    const name = textOf(memberOf(one, 'name') ?? '');
    const email = textOf(memberOf(one, 'email') ?? '').trim();
    // A name without an address is kept where clients show it.
    if (email === '') return name.trim() === '' ? [] : [{ kind: 'mailbox', name: null, localpart: name, domain: '' }];
    return [{ kind: 'mailbox', name: name === '' ? null : name, ...addrSpec(email) }];
  });
}

const quoted = /^"((?:[^"\\]|\\.)*)"$/;
const plainLocalpart = /^[^\s<>,;()"@:\\[\]]+$/;
const plainDomain = /^(?:[^\s<>,;()"@:\\[\]]+|\[[^\s<>,;()"@\\[\]]+\])$/;

/** Divides an address. One that is none, as in drafts, becomes a localpart, which is quoted where it has to be, and is read as it was. */
function addrSpec(email: string): { readonly localpart: string; readonly domain: string } {
  const at = email.lastIndexOf('@');
  const [local, domain] = [email.slice(0, Math.max(at, 0)), email.slice(at + 1)];
  const localpart = plainLocalpart.test(local) ? local : quoted.exec(local)?.[1]?.replace(/\\(.)/g, '$1');
  return localpart === undefined || !plainDomain.test(domain)
    ? { localpart: email, domain: '' }
    : { localpart, domain };
}

function groupsOf(value: JsonValue): AddressEntry[] {
  return listOf(value).flatMap((group): AddressEntry[] => {
    if (!isJsonObject(group)) throw new BadHeader('groups are objects with name and addresses');
    const name = memberOf(group, 'name') ?? null;
    const addresses = addressesOf(memberOf(group, 'addresses'));
    if (name === null) return addresses;
    return [{ kind: 'groupStart', name: textOf(name) }, ...addresses, { kind: 'groupEnd' }];
  });
}

/** Message identifiers are given without angle brackets (RFC 8621 §4.1.2.5); with them they are taken as well. */
function identifiersOf(value: JsonValue): string[] {
  return listOf(value).map((id) => {
    const bare = textOf(id).replace(/^<(.*)>$/, '$1');
    if (!/^[^\s<>\p{Cc}]+$/u.test(bare)) throw new BadHeader('message ids have no spaces and angle brackets');
    return ` <${bare}>`;
  });
}

function dateOf(value: JsonValue): string {
  const date = typeof value === 'string' ? parseZonedDate(value) : null;
  // RFC 5322 §3.3: years from 1900.
  if (date === null || date.ms < firstMs) throw new BadHeader('a date such as 2026-01-31T10:00:00+01:00 is expected');
  return writeDate(date.ms, date.offsetMinutes);
}

const firstMs = Date.UTC(1900, 0, 2);

function urlsOf(value: JsonValue): string[] {
  const urls = listOf(value);
  return urls.map((url, i) => {
    const text = textOf(url);
    if (!/^[^\s<>\p{Cc}]+$/u.test(text)) throw new BadHeader('URLs have no spaces and angle brackets');
    return ` <${text}>${i < urls.length - 1 ? ',' : ''}`;
  });
}
