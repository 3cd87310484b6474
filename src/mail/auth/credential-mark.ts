import { createHash } from 'node:crypto';
import type { Identity } from '#lib/sasl';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import { appPasswordsOf } from './app-password-rows.ts';
import { activeAccount, credentialOf } from './credential-rows.ts';

/** Dependencies of `CredentialMarks`. */
interface CredentialMarksDeps {
  /** The server's database. */
  readonly db: Database;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Names of credentials that outlive a login: a subscription or a long connection remembers the mark of the credentials that opened it, and ends when they
 * no longer have that mark. A mark gives nothing away about the secret.
 */
export class CredentialMarks {
  readonly #deps: CredentialMarksDeps;

  constructor(deps: CredentialMarksDeps) {
    this.#deps = deps;
  }

  /** Returns the mark of the credentials of a login as they are now; null when they were removed or have expired. */
  async markOf({ account, appPassword }: Identity): Promise<string | null> {
    const { db, clock } = this.#deps;
    return await db.read(async (reader) => {
      if (appPassword === undefined) {
        const row = await credentialOf(reader, account);
        if (row === null) return null;
        return `own-${createHash('sha256').update(row.passwordHash).digest('hex').slice(0, 32)}`;
      }
      const id = await activeAccount(reader, account);
      const found = id === null ? [] : await appPasswordsOf(reader, id);
      const app = found.find((one) => one.id === appPassword.id);
      const isValid = app !== undefined && (app.expiresMs === null || app.expiresMs > clock.now());
      return isValid ? `app-${app.id}` : null;
    });
  }
}
