import { parseUnitext, parseXtext } from '#lib/codecs';
import { type Parsed, parsed, refused } from '#lib/parsed';
import type { CommandOptions } from './command.ts';
import {
  type MailParameters,
  noMailParameters,
  noRcptParameters,
  type Notify,
  type RcptParameters,
} from './parameters.ts';

/** One `keyword=value` of a command, keyword in upper case; value null when there is no `=`. */
interface Parameter {
  readonly at: number;
  readonly raw: string;
  readonly keyword: string;
  readonly value: string | null;
}

const unknownValue = 'unknown';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Writable<T extends { readonly unknown: readonly string[] }> = Mutable<Omit<T, 'unknown'>> & { unknown: string[] };

/** Stores one value in `into`. Returns null on success, `unknownValue` for a value that is not known, else the reason why it is malformed. */
type Reader<T extends { readonly unknown: readonly string[] }> = (
  value: string | null,
  into: Writable<T>,
) => string | null;

/** Parses the parameters of MAIL that begin at `at`, each after a space (RFC 5321 §4.1.2, `Mail-parameters`). Returns a refusal for malformed ones. */
export function parseMailParameters(text: string, at: number, options: CommandOptions): Parsed<MailParameters> {
  if (at === text.length) return parsed(noMailParameters);
  const into = { ...noMailParameters, unknown: [] };
  const read = readParameters(text, at, options, mailReaders, into);
  if (!read.ok) return read;
  // RFC 4865 §4.1: only one of the two may be given.
  if (into.holdForS !== null && into.holdUntilMs !== null)
    return refused(at, 'HOLDFOR and HOLDUNTIL exclude each other');
  return parsed(into);
}

/** Parses the parameters of RCPT that begin at `at` (RFC 5321 §4.1.2, `Rcpt-parameters`). Returns a refusal for malformed ones. */
export function parseRcptParameters(text: string, at: number, options: CommandOptions): Parsed<RcptParameters> {
  if (at === text.length) return parsed(noRcptParameters);
  const into = { ...noRcptParameters, unknown: [] };
  const read = readParameters(text, at, options, rcptReaders, into);
  return read.ok ? parsed(into) : read;
}

function readParameters<T extends { readonly unknown: readonly string[] }>(
  text: string,
  at: number,
  options: CommandOptions,
  readers: Readonly<Record<string, Reader<T>>>,
  into: Writable<T>,
): Parsed<true> {
  const split = splitParameters(text, at, options);
  if (!split.ok) return split;
  const seen = new Set<string>();
  for (const { at: position, raw, keyword, value } of split.value) {
    // RFC 3461 §4.5: RET, ENVID, NOTIFY and ORCPT MUST NOT appear more than once (501); no other parameter has a meaning when repeated.
    if (seen.has(keyword)) return refused(position, `${keyword} given twice`);
    seen.add(keyword);
    const reader = Object.hasOwn(readers, keyword) ? readers[keyword] : undefined;
    const problem = reader === undefined ? unknownValue : reader(value, into);
    // RFC 5321 §4.1.1.11: parameters that are not recognized are not a syntax error (501) but get a code of their own (555).
    if (problem === unknownValue) into.unknown.push(raw);
    else if (problem !== null) return refused(position, `${keyword}: ${problem}`);
  }
  return parsed(true);
}

/** Splits `esmtp-param *(SP esmtp-param)` (RFC 5321 §4.1.2). The limit on the line also limits the number of parameters. */
function splitParameters(text: string, start: number, options: CommandOptions): Parsed<Parameter[]> {
  const parameters: Parameter[] = [];
  let at = start;
  while (at < text.length) {
    if (text[at] !== ' ') return refused(at, 'space expected');
    at++;
    if (options.pedantic !== true) while (text[at] === ' ') at++;
    const space = text.indexOf(' ', at);
    const end = space < 0 ? text.length : space;
    const raw = text.slice(at, end);
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\0-\x20=\x7f]+))?$/.exec(raw);
    if (match === null) return refused(at, 'parameter expected');
    parameters.push({ at, raw, keyword: String(match[1]).toUpperCase(), value: match[2] ?? null });
    at = end;
  }
  return parsed(parameters);
}

const mailReaders: Readonly<Record<string, Reader<MailParameters>>> = {
  SIZE(value, into) {
    // RFC 1870 §5: up to 20 digits. Beyond 2^53 the number is not exact, but still far above any limit.
    if (value === null || !/^[0-9]{1,20}$/.test(value)) return 'number expected';
    into.sizeBytes = Number(value);
    return null;
  },
  BODY(value, into) {
    // RFC 6152 §2: 7BIT and 8BITMIME; RFC 3030 §3 adds BINARYMIME.
    const body = value?.toUpperCase() ?? '';
    if (body !== '7BIT' && body !== '8BITMIME' && body !== 'BINARYMIME')
      return value === null ? 'value expected' : unknownValue;
    into.body = body;
    return null;
  },
  SMTPUTF8(value, into) {
    // RFC 6531 §3.4: the parameter takes no value.
    if (value !== null) return 'takes no value';
    into.smtputf8 = true;
    return null;
  },
  REQUIRETLS(value, into) {
    // RFC 8689 §2: no value is associated with this parameter.
    if (value !== null) return 'takes no value';
    into.requireTls = true;
    return null;
  },
  AUTH(value, into) {
    // RFC 4954 §5: a mailbox or `<>`, in xtext.
    const decoded = value === null ? null : valueOf(parseXtext(value));
    if (decoded === null) return 'xtext expected';
    into.auth = decoded;
    return null;
  },
  HOLDFOR(value, into) {
    // RFC 4865 §4.1: one to nine digits.
    if (value === null || !/^[0-9]{1,9}$/.test(value)) return 'seconds expected';
    into.holdForS = Number(value);
    return null;
  },
  HOLDUNTIL(value, into) {
    const time = value === null ? Number.NaN : parseUtc(value);
    if (Number.isNaN(time)) return 'date and time expected';
    into.holdUntilMs = time;
    return null;
  },
  RET(value, into) {
    // RFC 3461 §4.3: FULL or HDRS, in any case of letters.
    const ret = value?.toUpperCase() ?? '';
    if (ret !== 'FULL' && ret !== 'HDRS') return 'FULL or HDRS expected';
    into.ret = ret;
    return null;
  },
  ENVID(value, into) {
    // RFC 3461 §4.4: at most 100 characters, printable once decoded.
    const decoded = value === null || value.length > 100 ? null : valueOf(parseXtext(value));
    if (decoded === null || !/^[\x20-\x7e]+$/.test(decoded)) return 'xtext of at most 100 characters expected';
    into.envid = decoded;
    return null;
  },
};

const rcptReaders: Readonly<Record<string, Reader<RcptParameters>>> = {
  NOTIFY(value, into) {
    const notify = parseNotify(value?.toUpperCase() ?? '');
    if (notify === null) return 'NEVER, or a list of SUCCESS, FAILURE, DELAY expected';
    into.notify = notify;
    return null;
  },
  ORCPT(value, into) {
    // RFC 3461 §4.2: at most 500 characters; RFC 6533 §3 adds addresses in UTF-8 with an encoding of their own.
    const match = value === null || value.length > 500 ? null : /^([A-Za-z0-9-]+);(.+)$/.exec(value);
    const type = match?.[1]?.toLowerCase() ?? '';
    const address = valueOf(type === 'utf-8' ? parseUnitext(match?.[2] ?? '') : parseXtext(match?.[2] ?? ''));
    if (match === null || address === null) return 'address type and xtext expected';
    into.orcpt = { type, address };
    return null;
  },
};

/** Parses the value of NOTIFY in upper case; null when malformed. RFC 3461 §4.1: NEVER MUST appear by itself. */
function parseNotify(value: string): Notify | null {
  if (value === 'NEVER') return { success: false, failure: false, delay: false };
  const words = value.split(',');
  const known = words.every((word) => word === 'SUCCESS' || word === 'FAILURE' || word === 'DELAY');
  if (!known || new Set(words).size !== words.length) return null;
  return { success: words.includes('SUCCESS'), failure: words.includes('FAILURE'), delay: words.includes('DELAY') };
}

/** Parses the `date-time` of RFC 3339 §5.6, which RFC 4865 §4.1 uses, to milliseconds since 1970; NaN when malformed. */
function parseUtc(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i.test(text)
    ? Date.parse(text.toUpperCase())
    : Number.NaN;
}

function valueOf(text: Parsed<string>): string | null {
  return text.ok ? text.value : null;
}
