/**
 * The store cannot check a password now because too many are being checked; another try later may succeed. Thrown by
 * `CredentialStore.checkPassword`; mechanisms answer it as a `busy` failure.
 */
export class LoginsBusy extends Error {
  override readonly name = 'LoginsBusy';
}
