import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userToBecome } from './server-user.ts';

for (const [config, hasRoot, want] of [
  [{ localserve: false }, true, 'godwit'],
  [{ localserve: false, user: 'mail' }, true, 'mail'],
  [{ localserve: false, user: 'root' }, true, null],
  [{ localserve: false, user: '0' }, true, null],
  [{ localserve: false, user: 'mail' }, false, null],
  [{ localserve: true }, true, null],
  [{ localserve: true, user: 'mail' }, true, 'mail'],
] as const) {
  test(`userToBecome(${JSON.stringify(config)}) ${hasRoot ? 'as root' : 'as somebody'}`, () => {
    assert.equal(userToBecome({ user: undefined, ...config }, hasRoot), want);
  });
}
