import { parseAddress, writeAddress, writeLocalpart, type Address } from '#lib/address';
import { encodeUnitext, encodeXtext } from '#lib/codecs';
import { isJsonObject, memberOf, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import { fieldText, mailboxesOf, parseAddressList, type HeaderField, type MailboxEntry } from '#lib/message';
import {
  noMailParameters,
  noRcptParameters,
  parseMailParameters,
  parseRcptParameters,
  type MailParameters,
  type RcptParameters,
} from '#lib/smtp';

/** An envelope that can be submitted, and as clients see it. */
export interface Envelope {
  /** Null for the null reverse-path. */
  readonly from: Address | null;
  readonly parameters: MailParameters;
  readonly recipients: readonly { readonly address: Address; readonly parameters: RcptParameters }[];
  readonly json: JsonObject;
}

/** Reads the envelope of a submission (RFC 8621 §7). @throws SetError invalidProperties, invalidRecipients. */
export function readEnvelope(value: JsonValue): Envelope {
  if (!isJsonObject(value)) throw invalidEnvelope('an object is expected');
  refuseOthers(value, ['mailFrom', 'rcptTo']);
  const mailFrom = readMember(memberOf(value, 'mailFrom'));
  const rcptTo = memberOf(value, 'rcptTo');
  if (!Array.isArray(rcptTo)) throw invalidEnvelope('rcptTo: an array is expected');
  const members = (rcptTo as readonly JsonValue[]).map(readMember);
  const from = mailFrom.email === '' ? null : parsedAddress(mailFrom.email);
  if (from === undefined) throw invalidEnvelope('mailFrom: the address is not valid');
  const mail = parseMailParameters(parameterText(mailFrom.parameters), 0, {});
  if (!mail.ok) throw invalidEnvelope(`mailFrom: ${mail.reason}`);
  const recipients = recipientsOf(
    members.map(({ email, parameters }) => {
      const rcpt = parseRcptParameters(parameterText(parameters), 0, {});
      if (!rcpt.ok) throw invalidEnvelope(`rcptTo: ${rcpt.reason}`);
      return { email, parameters: rcpt.value };
    }),
  );
  return { from, parameters: mail.value, recipients, json: value };
}

/**
 * Makes the envelope from the header of an email (RFC 8621 §7): the author or sender, and all recipients.
 * @param mayUse  Reports whether the identity is for an address. @param identityEmail  Address in place of one that it is not for.
 * @throws SetError invalidEmail, invalidRecipients, forbiddenMailFrom.
 */
export function envelopeOf(
  header: readonly HeaderField[],
  mayUse: (address: Address) => boolean,
  identityEmail: string,
): Envelope {
  const email = senderIn(header);
  const named = email === null ? undefined : parsedAddress(email);
  const from = named !== undefined && mayUse(named) ? named : parsedAddress(identityEmail);
  if (from === undefined || !mayUse(from))
    throw new SetError(
      'forbiddenMailFrom',
      'neither the sender of the email nor its identity gives an address to send as',
    );
  const mailboxes = ['to', 'cc', 'bcc'].flatMap((name) => mailboxesIn(header, name));
  // Clients see an address without a domain as its localpart.
  const members = new Map(mailboxes.map((one) => [written(one), one.domain === '' ? one.localpart : written(one)]));
  return {
    from,
    parameters: noMailParameters,
    recipients: recipientsOf([...members].map(([email, shown]) => ({ email, shown, parameters: noRcptParameters }))),
    json: {
      mailFrom: { email: writeAddress(from, 'unicode'), parameters: null },
      rcptTo: [...members.keys()].map((email) => ({ email, parameters: null })),
    },
  };
}

/** Returns the address in the Sender field, or else in the From field; null when there is none. @throws SetError when there are several. */
function senderIn(header: readonly HeaderField[]): string | null {
  for (const name of ['sender', 'from']) {
    const fields = header.filter((field) => field.name === name);
    if (fields.length === 0) continue;
    const addresses = mailboxesIn(header, name).map(written);
    if (fields.length > 1 || addresses.length !== 1)
      throw new SetError('invalidEmail', `the field ${name} needs one address, or give an envelope`, [name]);
    return addresses[0] ?? null;
  }
  return null;
}

function mailboxesIn(header: readonly HeaderField[], name: string): readonly MailboxEntry[] {
  return header
    .filter((field) => field.name === name)
    .flatMap((field) => mailboxesOf(parseAddressList(fieldText(field))));
}

function written({ localpart, domain }: MailboxEntry): string {
  return `${writeLocalpart(localpart)}@${domain}`;
}

interface Member {
  readonly email: string;
  readonly parameters: JsonObject;
}

/** Reads an Address object of an envelope. */
function readMember(value: JsonValue | undefined): Member {
  if (!isJsonObject(value)) throw invalidEnvelope('objects with an email are expected');
  refuseOthers(value, ['email', 'parameters']);
  const email = memberOf(value, 'email');
  const parameters = memberOf(value, 'parameters') ?? {};
  if (typeof email !== 'string') throw invalidEnvelope('email: a string is expected');
  if (!isJsonObject(parameters)) throw invalidEnvelope('parameters: an object is expected');
  return { email, parameters };
}

function refuseOthers(object: JsonObject, known: readonly string[]): void {
  const other = Object.keys(object).find((name) => !known.includes(name));
  if (other !== undefined) throw invalidEnvelope(`there is no property ${other.slice(0, 100)}`);
}

/** Writes parameters as they stand after MAIL and RCPT, so that the same parser checks them. Encodings were removed (RFC 8621 §7). */
function parameterText(parameters: JsonObject): string {
  return Object.entries(parameters)
    .map(([name, value]) => {
      if (value !== null && typeof value !== 'string') throw invalidEnvelope(`${name}: a string or null is expected`);
      const encoded = value === null ? null : encodedValue(name.toUpperCase(), value);
      if (/[\s=]/.test(name) || (encoded !== null && /\s/.test(encoded)))
        throw invalidEnvelope(`${name.slice(0, 100)}: this cannot be a parameter`);
      return encoded === null ? ` ${name}` : ` ${name}=${encoded}`;
    })
    .join('');
}

function encodedValue(keyword: string, value: string): string {
  if (keyword === 'ENVID') return encodeXtext(value);
  if (keyword !== 'ORCPT') return value;
  const at = value.indexOf(';');
  const [type, address] = [value.slice(0, at), value.slice(at + 1)];
  return `${type};${type.toLowerCase() === 'utf-8' ? encodeUnitext(address) : encodeXtext(address)}`;
}

/** Recipient that was named in an envelope or in an email. */
interface NamedRecipient {
  readonly email: string;
  /** The address as clients see it in the email; absent when it is the same. */
  readonly shown?: string;
  readonly parameters: RcptParameters;
}

/** @throws SetError invalidRecipients, which lists those that are no addresses. */
function recipientsOf(members: readonly NamedRecipient[]): Envelope['recipients'] {
  const invalid: string[] = [];
  const recipients = members.flatMap(({ email, shown = email, parameters }) => {
    const address = parsedAddress(email);
    if (address === undefined) invalid.push(shown.slice(0, 400));
    return address === undefined ? [] : [{ address, parameters }];
  });
  if (invalid.length > 0) throw invalidRecipients(invalid, 'not all recipients are addresses');
  return recipients;
}

/** Makes the refusal of recipients. */
export function invalidRecipients(emails: readonly string[], description: string): SetError {
  const list: JsonValue = emails;
  return new SetError('invalidRecipients', description, [], { invalidRecipients: list });
}

function parsedAddress(text: string): Address | undefined {
  const parsed = parseAddress(text, { smtputf8: true });
  return parsed.ok ? parsed.value : undefined;
}

function invalidEnvelope(reason: string): SetError {
  return new SetError('invalidProperties', `envelope: ${reason}`, ['envelope']);
}
