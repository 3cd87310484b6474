import type { Random } from '#ports/random';

// RFC 4648 §6 in lower case: survives servers that fold the case of localparts.
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const length = 16;
const pattern = /^[a-z2-7]{16}$/i;

/** A new From-ID: 80 random bits as 16 letters and digits, for the detail of a reverse-path (`user+ID@domain`). */
export function newFromId(random: Random): string {
  // 256 is a multiple of 32, so each letter is as likely as any other.
  return Array.from(random.bytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** Reports whether the detail of an address may be a From-ID. */
export function isFromId(detail: string): boolean {
  return pattern.test(detail);
}
