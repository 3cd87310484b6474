import type { Command } from './command.ts';
import type { Cursor } from './cursor.ts';
import { decodeSaslData } from './sasl-data.ts';

/** Parses the arguments of LOGIN, from the space after the name (RFC 9051 §6.2.3). */
export function parseLogin(cursor: Cursor): Command {
  cursor.space();
  const user = cursor.astring('a user name');
  cursor.space();
  return { kind: 'login', user, password: cursor.astring('a password') };
}

/** Parses the arguments of AUTHENTICATE (RFC 9051 §6.2.2) with an initial response (RFC 4959 §3). */
export function parseAuthenticate(cursor: Cursor): Command {
  cursor.space();
  const mechanism = cursor.atom('a mechanism').toUpperCase();
  let initialResponse: Uint8Array | null = null;
  if (cursor.take(' ')) {
    const start = cursor.at;
    // RFC 4959 §3: it MUST be sent outside of a quoted string or literal, so it is the rest of the line.
    cursor.at = cursor.bytes.length;
    initialResponse = decodeSaslData(cursor.bytes.subarray(start), true);
    if (initialResponse === null) cursor.fail('initial response is not base64', start);
  }
  return { kind: 'authenticate', mechanism, initialResponse };
}

/** Parses the arguments of ENABLE, at least one (RFC 5161 §3.1). */
export function parseEnable(cursor: Cursor): Command {
  const capabilities: string[] = [];
  cursor.space();
  do {
    cursor.failPast(capabilities.length, 'capabilities');
    capabilities.push(cursor.atom('a capability').toUpperCase());
  } while (cursor.take(' '));
  return { kind: 'enable', capabilities };
}

/** Parses the arguments of ID (RFC 2971 §3.1). */
export function parseId(cursor: Cursor): Command {
  cursor.space();
  if (cursor.next !== 0x28) {
    const start = cursor.at;
    if (cursor.nstring() !== null) cursor.fail('expected a list or NIL', start);
    return { kind: 'id', fields: null };
  }
  const fields = cursor.list((): readonly [string, string | null] => {
    const start = cursor.at;
    const name = cursor.text(cursor.string('a field name'), start);
    cursor.space();
    return [name, cursor.nstring()];
  }, true);
  return { kind: 'id', fields };
}
