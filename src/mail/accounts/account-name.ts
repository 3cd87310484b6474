const maxNameLength = 255;

/** A request about accounts that is refused; `message` is for people. */
export class AccountRefusal extends Error {
  override readonly name = 'AccountRefusal';
}

/**
 * The one form of an account's name: NFC, lower case. Names are labels or addresses, for people and configuration.
 * @throws AccountRefusal for empty and overlong names, spaces, control characters, slashes and unpaired surrogates.
 */
export function normalizeAccountName(given: string): string {
  if (!given.isWellFormed() || given.length > maxNameLength) throw new AccountRefusal('bad account name');
  const name = given.normalize('NFC').toLowerCase();
  if (name === '' || /[\p{C}\p{Z}/\\]/u.test(name)) throw new AccountRefusal('bad account name');
  return name;
}
