import { writeList } from '#lib/imap';
import type { Context } from './context.ts';

/** Reports whether a client with IMAP4rev2 used another form of the name than ours; INBOX in any case is the same form (RFC 9051 §5.1). */
export function isOtherForm(context: Context, name: string, supplied: string): boolean {
  const asked = supplied.endsWith('/') ? supplied.slice(0, -1) : supplied;
  return context.isRev2 && name !== asked && name.toUpperCase() !== asked.toUpperCase();
}

/** Writes LIST with OLDNAME: our name, and the name that the client supplied (RFC 9051 §6.3.9.7). */
export function writeOldName(context: Context, attributes: readonly string[], name: string, supplied: string): void {
  context.write((writer, options) => {
    writeList(writer, { attributes, separator: '/', name, oldName: supplied }, options);
  });
}
