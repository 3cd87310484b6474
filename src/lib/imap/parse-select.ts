import type { QresyncParameter, SelectCommand } from './command.ts';
import type { Cursor } from './cursor.ts';
import { parseMailbox } from './parse-mailbox.ts';
import { parseKnownSet } from './parse-sequence-set.ts';

/** Parses the arguments of SELECT and EXAMINE, from the space after the name (RFC 9051 §6.3.2, RFC 7162 §3.1.8 and §3.2.5). */
export function parseSelect(cursor: Cursor, kind: 'select' | 'examine'): SelectCommand {
  cursor.space();
  const mailbox = parseMailbox(cursor);
  let condstore = false;
  let qresync: QresyncParameter | null = null;
  if (cursor.take(' ')) {
    cursor.list(() => {
      const at = cursor.at;
      const name = cursor.name('a parameter');
      if (name === 'CONDSTORE') condstore = true;
      else if (name === 'QRESYNC' && qresync === null) {
        cursor.space();
        qresync = parseQresync(cursor);
      } else cursor.fail('unknown or repeated parameter', at);
    });
  }
  return { kind, mailbox, condstore, qresync };
}

/** Parses `(uidvalidity SP mod-sequence [SP known-uids] [SP seq-match-data])` (RFC 7162 §7, select-param). */
function parseQresync(cursor: Cursor): QresyncParameter {
  cursor.expect('(');
  const uidValidity = cursor.nzNumber('a UIDVALIDITY');
  cursor.space();
  const modSeq = cursor.number64('a mod-sequence');
  let knownUids: QresyncParameter['knownUids'] = null;
  let sequenceMatch: QresyncParameter['sequenceMatch'] = null;
  let more = cursor.take(' ');
  if (more && cursor.next !== 0x28) {
    knownUids = parseKnownSet(cursor);
    more = cursor.take(' ');
  }
  if (more) {
    cursor.expect('(');
    const numbers = parseKnownSet(cursor);
    cursor.space();
    sequenceMatch = { numbers, uids: parseKnownSet(cursor) };
    cursor.expect(')');
  }
  cursor.expect(')');
  return { uidValidity, modSeq, knownUids, sequenceMatch };
}
