import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import { formatProblem } from '#mail/config';
import { closedFor, userProblem, userToBecome } from './server-user.ts';

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
  const problem = userProblem(server, { user: 'no-such-user', localserve: false });
  assert.ok(problem !== null);
  assert.match(
    formatProblem(problem),
    /^server\.yaml:2:1: user: there is no user no-such-user to serve as\. Create it with 'useradd /,
  );
  assert.equal(userProblem(server, { user: 'root', localserve: false }), null);
  assert.equal(userProblem(server, { user: undefined, localserve: true }), null);
});

for (const [what, rights, want] of [
  ['open to all', { '/': '0 0 755', '/k': '0 0 755', '/k/a': '0 0 644' }, null],
  ['a folder of root alone', { '/': '0 0 755', '/k': '0 0 700', '/k/a': '0 0 644' }, '/k'],
  ['a file of root alone', { '/': '0 0 755', '/k': '0 0 755', '/k/a': '0 0 600' }, '/k/a'],
  ['its own', { '/': '0 0 755', '/k': '7 0 700', '/k/a': '7 0 600' }, null],
  ['by its group', { '/': '0 0 755', '/k': '0 9 750', '/k/a': '0 9 640' }, null],
  ['by a group of others', { '/': '0 0 755', '/k': '0 8 750', '/k/a': '0 9 640' }, '/k'],
  ['its own, which is closed to it', { '/': '0 0 755', '/k': '7 0 055', '/k/a': '0 0 644' }, '/k'],
  ['not there', { '/': '0 0 755' }, null],
] as const) {
  test(`closedFor: ${what}`, () => {
    const stat = (path: string): { uid: number; gid: number; mode: number } => {
      const entry = new Map(Object.entries(rights)).get(path);
      if (entry === undefined) throw new Error('not there');
      const [uid = '', gid = '', mode = ''] = entry.split(' ');
      return { uid: Number(uid), gid: Number(gid), mode: Number.parseInt(mode, 8) };
    };
    assert.equal(closedFor('/k/a', { uid: 7, groups: [7, 9] }, constants.R_OK, { stat }), want);
  });
}

test('closedFor: all that is wanted has to be allowed; root is kept from nothing', () => {
  const stat = (path: string) => ({ uid: 7, gid: 7, mode: path === '/k' ? 0o550 : 0o755 });
  const user = { uid: 7, groups: [7] };
  assert.equal(closedFor('/k', user, constants.R_OK | constants.X_OK, { stat }), null);
  assert.equal(closedFor('/k', user, constants.R_OK | constants.W_OK, { stat }), '/k');
  assert.equal(closedFor('/k', { uid: 0, groups: [0] }, constants.W_OK, { stat }), null);
});
