/**
 * Thrown by `CredentialStore.checkPassword` when too many passwords are being checked; a later retry may succeed. Mechanisms turn it
 * into a `busy` failure.
 */
export class LoginsBusy extends Error {
  override readonly name = 'LoginsBusy';
}
