/** Bits of the system flags (RFC 9051 §2.3.2). Stored in databases: a bit never changes its meaning. */
export const SystemFlag = { Seen: 1, Answered: 2, Flagged: 4, Deleted: 8, Draft: 16 } as const;

const names: readonly (readonly [string, number])[] = [
  ['\\Answered', SystemFlag.Answered],
  ['\\Flagged', SystemFlag.Flagged],
  ['\\Deleted', SystemFlag.Deleted],
  ['\\Seen', SystemFlag.Seen],
  ['\\Draft', SystemFlag.Draft],
];

const bits = new Map(names.map(([name, bit]) => [name.toLowerCase(), bit]));

/** Returns the bit of a system flag by its IMAP name in any case, such as `\Seen`; undefined for anything else. */
export function flagBit(name: string): number | undefined {
  return bits.get(name.toLowerCase());
}

/** Returns the IMAP names of the system flags in `mask`, in the customary order. */
export function flagNames(mask: number): string[] {
  return names.filter(([, bit]) => mask & bit).map(([name]) => name);
}
