import { LoginsBusy } from './busy.ts';
import { type Exchange, type SaslServerEnd, type SaslServerOptions, authorize, failed } from './exchange.ts';
import { preparePassword } from './prepare.ts';
import { nothing, readUtf8, writeUtf8 } from './text.ts';

/** PLAIN (RFC 4616 §2): `[authzid] NUL authcid NUL passwd` in one message. */
export async function* plain(initial: Uint8Array | null, options: SaslServerOptions): Exchange {
  const message = readUtf8(initial ?? (yield nothing));
  const [authorizationId, user, password, ...more] = message?.split('\0', 4) ?? [];
  const isWhole = authorizationId !== undefined && user !== undefined && password !== undefined && more.length === 0;
  if (!isWhole || !(options.store.takesEmptyPasswords === true || (user !== '' && password !== ''))) {
    return failed('protocol', 'bad PLAIN message', user ?? null);
  }
  return checkPassword(options, user, authorizationId, password);
}

/** LOGIN (draft-murchison-sasl-login): prompts for user name and password. An initial response is the user name. */
export async function* login(initial: Uint8Array | null, options: SaslServerOptions): Exchange {
  const isText = (text: string | null): text is string =>
    text !== null && !text.includes('\0') && (text !== '' || options.store.takesEmptyPasswords === true);
  const user = readUtf8(initial ?? (yield writeUtf8('Username:')));
  if (!isText(user)) return failed('protocol', 'bad LOGIN user name');
  const password = readUtf8(yield writeUtf8('Password:'));
  if (!isText(password)) return failed('protocol', 'bad LOGIN password', user);
  return checkPassword(options, user, '', password);
}

async function checkPassword(
  { store }: SaslServerOptions,
  user: string,
  authorizationId: string,
  password: string,
): Promise<SaslServerEnd> {
  try {
    const identity = await store.checkPassword(user, preparePassword(password) ?? password);
    return await authorize(store, user, authorizationId, identity, null);
  } catch (error) {
    if (error instanceof LoginsBusy) return failed('busy', error.message, user);
    throw error;
  }
}

/** CRAM-MD5 (RFC 2195 §2): the server sends the first message, the client answers `login SP digest`. */
export async function* cramMd5(initial: Uint8Array | null, { store, challenge }: SaslServerOptions): Exchange {
  if (initial !== null) return failed('protocol', 'CRAM-MD5 has no initial response');
  const text = challenge();
  const answer = readUtf8(yield writeUtf8(text));
  const [, user, digest] = /^([^\0]+) ([0-9a-f]{32})$/is.exec(answer ?? '') ?? [];
  if (user === undefined || digest === undefined) return failed('protocol', 'bad CRAM-MD5 response');
  const identity = await store.checkCramMd5(user, text, digest.toLowerCase());
  return authorize(store, user, '', identity, null);
}

/** EXTERNAL (RFC 4422 §A.1): the TLS client certificate, and optionally an identity to act as. */
export async function* external(initial: Uint8Array | null, options: SaslServerOptions): Exchange {
  const authorizationId = readUtf8(initial ?? (yield nothing));
  if (authorizationId === null || authorizationId.includes('\0')) return failed('protocol', 'bad EXTERNAL message');
  const named = authorizationId === '' ? null : authorizationId;
  if (options.clientCertificate === null) return failed('credentials', 'no TLS client certificate', named);
  const identity = await options.store.identifyCertificate(options.clientCertificate, named);
  if (identity === null) return failed('credentials', 'the certificate is not known for this login', named);
  return { kind: 'success', identity, data: null };
}
