import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandingLogins } from './standing-logins.ts';

test('StandingLogins.markOf: none for accounts that are disabled or not configured anymore', async () => {
  const accounts = { mara: {}, off: { loginDisabled: 'the account is closed' } };
  const configuration = { config: { domains: { accounts } } } as never;
  const marks = { markOf: ({ account }: { readonly account: string }) => Promise.resolve(`own-${account}`) };
  const standing = new StandingLogins({ configuration, marks });
  for (const [account, want] of [
    ['mara', 'own-mara'],
    ['off', null],
    ['gone', null],
    ['__proto__', null],
  ] as const)
    assert.equal(await standing.markOf({ account, login: account }), want, account);
});
