import { type Parsed, parsed, refused } from '#lib/parsed';
import { type Address, type AddressOptions, exceeds, parseAddressDomain, scanAddress } from './address.ts';
import { addressLimits } from './limits.ts';

/** Reverse-path or forward-path; null is the empty path `<>` of bounces (RFC 5321 §4.5.5). */
export type Path = Address | null;

/** Forward-path; `postmaster` is the path `<postmaster>` without a domain, which every server accepts (RFC 5321 §4.5.1). */
export type ForwardPath = Address | 'postmaster';

/**
 * Parses a whole path with its angle brackets, including the empty one (RFC 5321 §4.1.2). Refuses malformed and too long ones.
 * A source route is checked and dropped (RFC 5321 §4.1.1.3: servers MUST recognize it and SHOULD strip it off). At most `addressLimits.maxPathBytes`.
 */
export function parsePath(text: string, options: AddressOptions = {}): Parsed<Path> {
  if (exceeds(text, addressLimits.maxPathBytes))
    return refused(
      Math.min(text.length, addressLimits.maxPathBytes),
      `path longer than ${addressLimits.maxPathBytes} octets`,
    );
  if (!text.startsWith('<')) return refused(0, '< expected');
  if (!text.endsWith('>')) return refused(text.length, '> expected');
  return text === '<>' ? parsed(null) : parseNonEmpty(text, options);
}

/** Parses the argument of MAIL FROM: an address in angle brackets, or `<>`. Refuses other text. */
export function parseReversePath(text: string, options: AddressOptions = {}): Parsed<Path> {
  return parsePath(text, options);
}

/** Parses the argument of RCPT TO: an address in angle brackets, or `<postmaster>` in any case (RFC 5321 §4.1.1.3). Refuses other text. */
export function parseForwardPath(text: string, options: AddressOptions = {}): Parsed<ForwardPath> {
  if (text.length === barePostmaster.length && text.toLowerCase() === barePostmaster) return parsed('postmaster');
  const path = parsePath(text, options);
  if (!path.ok) return path;
  return path.value === null ? refused(1, 'a recipient cannot be empty') : parsed(path.value);
}

const barePostmaster = '<postmaster>';

/**
 * Finds the end of the path that begins at `start`. Skips quoted localparts and literals, in which `>` is an ordinary character.
 * @returns the offset after its `>`, or -1 when there is none.
 */
export function findPathEnd(text: string, start: number): number {
  let closing = '';
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (closing !== '') {
      if (c === '\\' && closing === '"') i++;
      else if (c === closing) closing = '';
    } else if (c === '"') closing = '"';
    else if (c === '[') closing = ']';
    else if (c === '>') return i + 1;
  }
  return -1;
}

/** Parses the address in `text`, which begins with `<` and ends with `>`. */
function parseNonEmpty(text: string, options: AddressOptions): Parsed<Address> {
  const last = text.length - 1;
  const start = text[1] === '@' ? skipSourceRoute(text, options) : parsed(1);
  if (!start.ok) return start;
  const scanned = scanAddress(text, start.value, last, options);
  if (!scanned.ok) return scanned;
  return scanned.value.end === last ? parsed(scanned.value.value) : refused(scanned.value.end, '> expected');
}

/** Returns the offset after the colon of A-d-l, `@one.example,@two.example:` (RFC 5321 §4.1.2). */
function skipSourceRoute(text: string, options: AddressOptions): Parsed<number> {
  let at = 1;
  for (;;) {
    if (text[at] !== '@') return refused(at, '@ expected in a source route');
    const length = text.slice(at).search(/[,:]/);
    if (length < 0) return refused(text.length - 1, ': expected after a source route');
    const domain = parseAddressDomain(text.slice(at + 1, at + length), options);
    if (!domain.ok) return refused(at + 1 + domain.at, domain.reason);
    at += length + 1;
    if (text[at - 1] === ':') return parsed(at);
  }
}
