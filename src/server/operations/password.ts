import { z } from 'zod';
import type { Credentials } from '#mail/auth';
import type { Log } from '#ports/log';
import { text } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountMade, type AccountMakerDeps } from './named.ts';

interface PasswordDeps extends AccountMakerDeps {
  readonly credentials: Pick<Credentials, 'setPassword'>;
  readonly log: Log;
}

/** `password.set`. */
export const passwordSet = defineOperation({
  name: 'password.set',
  summary: 'Set the password of an account',
  permission: 'operator',
  isExclusive: true,
  command: 'password set',
  args: { account: text('Name of the account.'), password: text('The new password, 8 characters or more.') },
  result: z.strictObject({ account: z.string() }),
  run: async (deps: PasswordDeps, given) => {
    const account = await accountMade(deps, given.account);
    await deps.credentials.setPassword(account, given.password);
    deps.log.info('password.set', { account });
    return { account };
  },
});
