import type { Random } from '#ports/random';

/** Returns a new password of 100 random bits in base32, easy to read aloud and to type. */
export function generatePassword(random: Random): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  const characters = [...random.bytes(20)].map((byte) => letters[byte & 31] ?? 'a').join('');
  return characters.replaceAll(/(.{5})(?=.)/g, '$1-');
}
