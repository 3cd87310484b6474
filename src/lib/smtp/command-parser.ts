import { findPathEnd, parseForwardPath, parseReversePath } from '#lib/address';
import { type Parsed, parsed, refused } from '#lib/parsed';
import type { Command, CommandOptions } from './command.ts';
import { helloMissing, parseHelloArgument } from './hello-argument.ts';
import { parseMailParameters, parseRcptParameters } from './parameter-parser.ts';

type Refused = ReturnType<typeof refused>;

// RFC 5321 §4.1.1: RSET, DATA and QUIT take no parameters, and servers SHOULD reject them; RFC 3207 §4: neither does STARTTLS (501).
const simple = {
  DATA: parsed<Command>({ verb: 'DATA' }),
  RSET: parsed<Command>({ verb: 'RSET' }),
  QUIT: parsed<Command>({ verb: 'QUIT' }),
  STARTTLS: parsed<Command>({ verb: 'STARTTLS' }),
  NOOP: parsed<Command>({ verb: 'NOOP' }),
};

/** Parses one command line without its line end; verbs and keywords in any case (RFC 5321 §2.4). Returns a refusal for what is outside the grammar. */
export function parseCommand(line: string, options: CommandOptions = {}): Parsed<Command> {
  // RFC 5321 §4.1.1: servers SHOULD tolerate trailing white space before the CRLF.
  const text = options.pedantic === true ? line : trimEnd(line);
  const space = text.indexOf(' ');
  const word = space < 0 ? text : text.slice(0, space);
  const at = space < 0 ? text.length : space + 1;
  const verb = word.toUpperCase();
  switch (verb) {
    case 'MAIL':
      return parseMail(text, at, options);
    case 'RCPT':
      return parseRcpt(text, at, options);
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      return space < 0 ? simple[verb] : refused(space, `${verb} takes no argument`);
    case 'NOOP':
      // RFC 5321 §4.1.1.9: servers SHOULD ignore a parameter string.
      return simple.NOOP;
    case 'BDAT':
      return parseBdat(text, at);
    case 'HELO':
    case 'EHLO':
      return parseHello(verb, text, at, options);
    case 'AUTH':
      return parseAuth(text, at, options);
    case 'VRFY':
    case 'EXPN':
      return parseQuestion(verb, text, at);
    case 'HELP':
      return parsed({ verb, topic: text.slice(at).trim() });
    default:
      return parsed({ verb: 'unknown', word: verb.slice(0, 20) });
  }
}

function trimEnd(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last === 32 || last === 9 ? text.trimEnd() : text;
}

/** Parses the arguments of MAIL: `"FROM:" Reverse-path [SP Mail-parameters]` (RFC 5321 §4.1.1.2). */
function parseMail(text: string, at: number, options: CommandOptions): Parsed<Command> {
  const path = pathRange(text, at, 'FROM:', options);
  if ('ok' in path) return path;
  const from = parseReversePath(pathText(text, path, options), options);
  if (!from.ok) return refused(Math.min(path.start + from.at, text.length), from.reason);
  const parameters = parseMailParameters(text, path.end, options);
  if (!parameters.ok) return parameters;
  return parsed({ verb: 'MAIL', from: from.value, parameters: parameters.value });
}

/** Parses the arguments of RCPT: `"TO:" Forward-path [SP Rcpt-parameters]` (RFC 5321 §4.1.1.3). */
function parseRcpt(text: string, at: number, options: CommandOptions): Parsed<Command> {
  const path = pathRange(text, at, 'TO:', options);
  if ('ok' in path) return path;
  const to = parseForwardPath(pathText(text, path, options), options);
  if (!to.ok) return refused(Math.min(path.start + to.at, text.length), to.reason);
  const parameters = parseRcptParameters(text, path.end, options);
  if (!parameters.ok) return parameters;
  return parsed({ verb: 'RCPT', to: to.value, parameters: parameters.value });
}

/** Place of a path in its command. */
interface PathRange {
  readonly start: number;
  readonly end: number;
}

/** Returns the path with the angle brackets that old programs and devices leave out; when lenient, a sender or recipient without a domain gets `localhost`. */
function pathText(text: string, { start, end }: PathRange, { lenient = false }: CommandOptions): string {
  const path = text.slice(start, end);
  const bracketed = path.startsWith('<') ? path : `<${path}>`;
  // RFC 5321 §4.1.1.3: `<Postmaster>` alone, in any case of letters, is a recipient without a domain.
  const isLocal = lenient && bracketed !== '<>' && !bracketed.includes('@') && !/^<postmaster>$/i.test(bracketed);
  return isLocal ? `${bracketed.slice(0, -1)}@localhost>` : bracketed;
}

/** Finds the path after `FROM:` or `TO:`. */
function pathRange(text: string, at: number, keyword: 'FROM:' | 'TO:', options: CommandOptions): PathRange | Refused {
  if (text.slice(at, at + keyword.length).toUpperCase() !== keyword) return refused(at, `${keyword} expected`);
  let start = at + keyword.length;
  // RFC 5321 §3.3 forbids this space; several programs send it.
  if (text[start] === ' ' && options.pedantic !== true) start++;
  if (text[start] !== '<') {
    // RFC 5321 §4.1.2 wants the brackets; printers and scripts come without them.
    const space = text.indexOf(' ', start);
    const bare = { start, end: space < 0 ? text.length : space };
    const word = text.slice(bare.start, bare.end);
    const isAddress = options.lenient === true ? word !== '' : options.pedantic !== true && word.includes('@');
    return isAddress ? bare : refused(start, '< expected');
  }
  const end = findPathEnd(text, start);
  return end < 0 ? refused(text.length, '> expected') : { start, end };
}

/** Parses the argument of HELO or EHLO: a domain (RFC 5321 §4.1.1.1) or an address literal (RFC 5321 §4.1.3). */
function parseHello(verb: 'HELO' | 'EHLO', text: string, at: number, options: CommandOptions): Parsed<Command> {
  const argument = text.slice(at).trim();
  if (argument === '') {
    return options.lenient === true
      ? parsed({ verb, hello: { form: 'other', text: '', reason: helloMissing } })
      : refused(at, helloMissing);
  }
  return parsed({ verb, hello: parseHelloArgument(argument, options) });
}

/** Parses the arguments of BDAT, `chunk-size [SP "LAST"]` (RFC 3030 §2). Fifteen digits stay exact as a number. */
function parseBdat(text: string, at: number): Parsed<Command> {
  const match = /^([0-9]{1,15})( LAST)?$/i.exec(text.slice(at));
  if (match === null) return refused(at, 'chunk size and perhaps LAST expected');
  return parsed({ verb: 'BDAT', sizeBytes: Number(match[1]), isLast: match[2] !== undefined });
}

/** Parses the arguments of AUTH, `mechanism [SP initial-response]`; `=` is an initial response of no octets (RFC 4954 §4). */
function parseAuth(text: string, at: number, options: CommandOptions): Parsed<Command> {
  const space = text.indexOf(' ', at);
  const mechanism = (space < 0 ? text.slice(at) : text.slice(at, space)).toUpperCase();
  // RFC 4422 §3.1: mechanism names have 1 to 20 letters, digits, hyphens and underscores.
  if (!/^[A-Z0-9_-]{1,20}$/.test(mechanism)) return refused(at, 'mechanism expected');
  if (space < 0) return parsed({ verb: 'AUTH', mechanism, initial: null });
  const rest = text.slice(space + 1);
  const initial = options.pedantic === true ? rest : rest.trim();
  if (!/^(?:=|[A-Za-z0-9+/]+={0,2})$/.test(initial)) return refused(space + 1, 'initial response is not base64');
  return parsed({ verb: 'AUTH', mechanism, initial });
}

/** VRFY and EXPN (RFC 5321 §4.1.1.6, §4.1.1.7; RFC 6531 §3.7.4.2). */
function parseQuestion(verb: 'VRFY' | 'EXPN', text: string, at: number): Parsed<Command> {
  const argument = text.slice(at).trim();
  const smtputf8 = /^(.+) SMTPUTF8$/is.exec(argument);
  const name = smtputf8?.[1]?.trim() ?? argument;
  return name === '' ? refused(at, 'text expected') : parsed({ verb, text: name, smtputf8: smtputf8 !== null });
}
