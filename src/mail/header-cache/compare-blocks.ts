import type { EventLoop } from '#ports/event-loop';
import { fieldCodes, firstFieldCode, RowCode } from './cached-fields.ts';
import type { FieldColumn, HeaderBlock } from './header-block.ts';

/** Rows that hold no field of the header. Where one is empty, readers ask for the message's row. */
const textCodes = Array.from({ length: firstFieldCode - RowCode.FirstText }, (_, i) => RowCode.FirstText + i);

/** Rows of a block that can be compared with its messages: all of them. */
export const wholeBlock = {
  facts: true,
  order: true,
  fields: [...textCodes, ...fieldCodes],
} as const;

/** Returns the first UID whose message a stored block lacks or describes otherwise than `made`, which was just made from the same messages; null without one. */
export async function differentUid(stored: HeaderBlock, made: HeaderBlock, loop: EventLoop): Promise<number | null> {
  const places = new Map(Array.from(stored.messages.uids, (uid, at) => [uid, at]));
  for (const [at, uid] of made.messages.uids.entries()) {
    const pause = loop.pause();
    if (pause !== null) await pause;
    const storedAt = places.get(uid);
    if (storedAt === undefined || !isSame(stored, storedAt, made, at)) return uid;
  }
  return null;
}

function isSame(stored: HeaderBlock, storedAt: number, made: HeaderBlock, at: number): boolean {
  for (const fact of ['sizeBytes', 'receivedMs', 'saveMs', 'sentDayMs'] as const) {
    if (!Object.is(stored.facts?.[fact][storedAt], made.facts?.[fact][at])) return false;
  }
  for (const code of textCodes) {
    const text = fieldAt(stored.columns.get(code), storedAt);
    if (text.length > 0 && !areEqual(text, fieldAt(made.columns.get(code), at))) return false;
  }
  // What is left out is read from the header, which may also be what cannot be read now.
  if (stored.messages.isLeftOut[storedAt] === 1 || made.messages.isLeftOut[at] === 1) return true;
  if (!areEqual(codesAt(stored, storedAt), codesAt(made, at))) return false;
  return fieldCodes.every((code) => {
    const [mine, its] = [stored.columns.get(code), made.columns.get(code)];
    return mine?.kinds[storedAt] === its?.kinds[at] && areEqual(fieldAt(mine, storedAt), fieldAt(its, at));
  });
}

const nothing = new Uint8Array(0);

function fieldAt(column: FieldColumn | undefined, at: number): Uint8Array {
  return column?.bytes.subarray(column.offsets[at], column.offsets[at + 1]) ?? nothing;
}

function codesAt({ order }: HeaderBlock, at: number): Uint8Array {
  return order?.codes.subarray(order.offsets[at], order.offsets[at + 1]) ?? nothing;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
