import { listedFieldNames, listedFieldPlace } from '#lib/message';

/**
 * Codes of the rows that are no header field: the UIDs, the order of the fields, facts of rows, and the first of the texts that a protocol
 * makes for its lists.
 */
export const RowCode = { Uids: 0, Order: 1, Facts: 2, FirstText: 3 } as const;
/** Code of the first field. */
export const firstFieldCode = 10;
/** Codes of all fields, in the order of their names. */
export const fieldCodes: readonly number[] = listedFieldNames.map((_name, i) => firstFieldCode + i);

/** The code of a field name in any case, null for a field that blocks do not have. */
export function cachedFieldCode(name: string): number | null {
  const place = listedFieldPlace(name);
  return place < 0 ? null : firstFieldCode + place;
}
