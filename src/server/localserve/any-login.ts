import type { CredentialStore, Identity } from '#lib/sasl';
import type { AuthBackend } from '#proto/smtp-server';

/**
 * Logins of a development server: each name and each password is right, so that programs work with the settings of another server.
 * The name is kept with the message.
 * @param account  Whose logins they are.
 */
export function anyLogin(account: string): AuthBackend {
  const identify = (login: string): Promise<Identity> => Promise.resolve({ account, login });
  const credentials: CredentialStore = {
    takesEmptyPasswords: true,
    identify,
    checkPassword: identify,
    checkCramMd5: identify,
    identifyCertificate: () => Promise.resolve(null),
    scramKeys: () => Promise.reject(new Error('SCRAM is not offered here')),
  };
  return {
    credentials,
    // For SCRAM the server would have to know the password, and tokens travel under TLS only (RFC 7628 §3).
    mechanisms: ['PLAIN', 'LOGIN', 'CRAM-MD5'],
    attempt: async () => undefined,
    outcome: () => Promise.resolve(null),
  };
}
