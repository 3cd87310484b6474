import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from '#mail/config';
import { userProblem, userToBecome } from './server-user.ts';

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

test('userProblem names file, line, column, reason and fix', { skip: process.platform === 'win32' }, () => {
  const server = { file: 'server.yaml', text: 'hostname: a.example\nuser: no-such-user\n' };
  const problem = userProblem(server, { user: 'no-such-user' });
  assert.ok(problem !== null);
  assert.match(
    formatProblem(problem),
    /^server\.yaml:2:1: user: there is no user no-such-user to serve as\. Create it with 'useradd /,
  );
  for (const user of ['root', undefined]) assert.equal(userProblem(server, { user }), null);
});
