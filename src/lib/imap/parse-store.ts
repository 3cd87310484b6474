import type { StoreCommand } from './command.ts';
import type { Cursor } from './cursor.ts';
import { parseStoreFlags } from './parse-flags.ts';
import { parseSequenceSet } from './parse-sequence-set.ts';

/** Parses the arguments of STORE, from the space after the name (RFC 9051 §6.4.6, RFC 7162 §3.1.3). */
export function parseStore(cursor: Cursor, uid: boolean): StoreCommand {
  cursor.space();
  const set = parseSequenceSet(cursor);
  cursor.space();
  const unchangedSince = parseUnchangedSince(cursor);
  const mode = cursor.take('+') ? 'add' : cursor.take('-') ? 'remove' : 'replace';
  const start = cursor.at;
  const name = cursor.name('FLAGS');
  if (name !== 'FLAGS' && name !== 'FLAGS.SILENT') cursor.fail('expected FLAGS', start);
  cursor.space();
  return {
    kind: 'store',
    uid,
    set,
    mode,
    silent: name === 'FLAGS.SILENT',
    flags: parseStoreFlags(cursor),
    unchangedSince,
  };
}

/** Parses the modifier UNCHANGEDSINCE (RFC 7162 §3.1.3); null when absent. */
function parseUnchangedSince(cursor: Cursor): number | null {
  if (!cursor.take('(')) return null;
  const start = cursor.at;
  if (cursor.name('UNCHANGEDSINCE') !== 'UNCHANGEDSINCE') cursor.fail('unknown modifier', start);
  cursor.space();
  const modSeq = cursor.number64('a mod-sequence');
  cursor.expect(')');
  cursor.space();
  return modSeq;
}
