import { parseAddress, writeLocalpart } from '#lib/address';
import {
  fieldText,
  mailboxesOf,
  parseAddressList,
  parseDate,
  parseMessageIds,
  type HeaderField,
  type MailboxEntry,
} from '#lib/message';
import type { Violation } from './violation.ts';

/** Fields that occur at most once (RFC 5322 §3.6). */
const onceOnly = [
  'Date',
  'From',
  'Sender',
  'Reply-To',
  'To',
  'Cc',
  'Bcc',
  'Message-ID',
  'In-Reply-To',
  'References',
  'Subject',
];
const addressFields = ['Sender', 'Reply-To', 'To', 'Cc', 'Bcc'];
const maxShown = 60;

/** Returns the violations about the fields of a header, in the order of the rules. */
export function checkHeader(fields: readonly HeaderField[]): Violation[] {
  return [
    ...repeated(fields),
    ...authors(fields),
    ...addressFields.flatMap((name) => unreadable(fields, name)),
    ...date(fields),
    ...messageId(fields),
    ...(named(fields, 'Return-Path').length === 0
      ? []
      : [{ rule: 'returnPath', detail: 'the field Return-Path is for the last server to write' } as const]),
    ...strangeLine(fields),
  ];
}

function named(fields: readonly HeaderField[], name: string): HeaderField[] {
  const wanted = name.toLowerCase();
  return fields.filter((field) => field.name === wanted);
}

function repeated(fields: readonly HeaderField[]): Violation[] {
  return onceOnly.flatMap((name): Violation[] => {
    const count = named(fields, name).length;
    return count < 2 ? [] : [{ rule: 'repeatedField', detail: `the field ${name} occurs ${count} times` }];
  });
}

function authors(fields: readonly HeaderField[]): Violation[] {
  const from = named(fields, 'From');
  if (from.length === 0) return [{ rule: 'noFrom', detail: 'there is no From field' }];
  const entries = from.flatMap((field) => mailboxesOf(parseAddressList(fieldText(field))));
  if (entries.length === 0) return [{ rule: 'unreadableFrom', detail: 'the field From has no address' }];
  const bad = entries.find((entry) => !isReadable(entry));
  if (bad !== undefined)
    return [{ rule: 'unreadableFrom', detail: `the field From has an address that is none: ${shown(bad)}` }];
  const isAlone = from.length > 1 || entries.length === 1 || named(fields, 'Sender').length > 0;
  if (isAlone) return [];
  return [{ rule: 'severalAuthors', detail: `the field From has ${entries.length} addresses, and there is no Sender` }];
}

function unreadable(fields: readonly HeaderField[], name: string): Violation[] {
  const bad = named(fields, name)
    .flatMap((field) => mailboxesOf(parseAddressList(fieldText(field))))
    .find((entry) => !isReadable(entry));
  if (bad === undefined) return [];
  return [{ rule: 'unreadableAddress', detail: `the field ${name} has an address that is none: ${shown(bad)}` }];
}

function isReadable({ localpart, domain }: MailboxEntry): boolean {
  return domain !== '' && parseAddress(`${writeLocalpart(localpart)}@${domain}`, { smtputf8: true }).ok;
}

function date(fields: readonly HeaderField[]): Violation[] {
  const [first] = named(fields, 'Date');
  if (first === undefined) return [{ rule: 'noDate', detail: 'there is no Date field' }];
  if (parseDate(fieldText(first)) !== null) return [];
  return [{ rule: 'unreadableDate', detail: `the field Date is no date: ${printable(fieldText(first))}` }];
}

function messageId(fields: readonly HeaderField[]): Violation[] {
  const [first] = named(fields, 'Message-ID');
  if (first === undefined) return [{ rule: 'noMessageId', detail: 'there is no Message-ID field' }];
  if (parseMessageIds(fieldText(first)).some((id) => /^<[^<>@\s]+@[^<>\s]+>$/.test(id))) return [];
  return [
    { rule: 'unreadableMessageId', detail: `the field Message-ID is no <left@right>: ${printable(fieldText(first))}` },
  ];
}

function strangeLine(fields: readonly HeaderField[]): Violation[] {
  const strange = fields.find(({ name }) => name === '');
  if (strange === undefined) return [];
  return [{ rule: 'strangeLine', detail: `a line of the header is no field: ${printable(fieldText(strange))}` }];
}

function shown({ localpart, domain }: MailboxEntry): string {
  return printable(domain === '' ? localpart : `${localpart}@${domain}`);
}

/** Shortens text and makes it safe for a reply and a header field. */
function printable(text: string): string {
  return text.slice(0, maxShown).replace(/[^\x20-\x7e]/g, '?');
}
