/**
 * Names of the fields in blocks: those of ENVELOPE, and those that clients ask for in lists. The position is the code in stored rows,
 * so that names are only ever added, at the end.
 */
export const cachedFields = [
  'from',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'references',
  'in-reply-to',
  'reply-to',
  'sender',
  'bcc',
  'content-type',
  'priority',
  'x-priority',
  'importance',
  'newsgroups',
  'list-id',
  'list-post',
  'list-unsubscribe',
  'disposition-notification-to',
] as const;

/** Codes of the rows that are no header field: the UIDs, the order of the fields, facts of rows, and what is stored ready to send. */
export const RowCode = { Uids: 0, Order: 1, Facts: 2, Envelope: 3, BodyStructure: 4 } as const;
/** Code of the first field. */
export const firstFieldCode = 10;

const codes: ReadonlyMap<string, number> = new Map(cachedFields.map((name, i) => [name, firstFieldCode + i]));

/** The code of a field name in any case, null for a field that blocks do not have. */
export function cachedFieldCode(name: string): number | null {
  return codes.get(name.toLowerCase()) ?? null;
}

interface Candidate {
  readonly code: number;
  readonly name: Uint8Array;
}

const encoder = new TextEncoder();
/** Candidates by length and first letter, so that most lines of a header are passed over after one look. */
const candidates: (readonly Candidate[] | undefined)[] = [];
for (const [name, code] of codes) {
  const at = slot(name.length, name.charCodeAt(0));
  candidates[at] = [...(candidates[at] ?? []), { code, name: encoder.encode(name) }];
}
const maxNameLength = Math.max(...cachedFields.map(({ length }) => length));

function slot(length: number, letter: number): number {
  return length * 32 + (letter & 31);
}

/** The code of the field whose line begins at `start`, 0 when blocks do not have it. RFC 5322 §4.5: blanks before the colon are old. */
export function codeAt(header: Uint8Array, start: number, end: number): number {
  let colon = start;
  const last = Math.min(end, start + maxNameLength + 8);
  while (colon < last && header[colon] !== 58) colon++;
  if (header[colon] !== 58) return 0;
  let length = colon - start;
  while (length > 0 && (header[start + length - 1] === 32 || header[start + length - 1] === 9)) length--;
  const some = length === 0 ? undefined : candidates[slot(length, header[start] ?? 0)];
  if (some === undefined) return 0;
  for (const { code, name } of some) if (isName(header, start, name)) return code;
  return 0;
}

function isName(header: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = header[start + i] ?? 0;
    if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== name[i]) return false;
  }
  return true;
}
