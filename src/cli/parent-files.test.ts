import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { answerSecrets, isWrittenByRoot, unsafePath, type SafePathSystem } from './parent-files.ts';

type Entry = readonly [
  'directory' | 'file' | 'link' | 'other',
  { uid?: number; gid?: number; mode?: number }?,
  string?,
];

const tree: Readonly<Record<string, Entry>> = {
  '/': ['directory'],
  '/etc': ['directory'],
  '/etc/tls': ['directory', { mode: 0o700 }],
  '/etc/tls/live': ['link', { mode: 0o777 }, '../tls/archive'],
  '/etc/tls/archive': ['directory'],
  '/etc/tls/archive/key.pem': ['link', {}, '/etc/tls/key1.pem'],
  '/etc/tls/key1.pem': ['file', { mode: 0o600 }],
  '/etc/tls/loop': ['link', {}, 'loop'],
  '/etc/tls/pipe': ['other'],
  '/etc/tls/away': ['link', {}, '/home/mail/key.pem'],
  '/home': ['directory'],
  '/home/mail': ['directory', { uid: 8 }],
  '/home/mail/key.pem': ['file'],
  '/tmp': ['directory', { mode: 0o1777 }],
  '/tmp/key.pem': ['file'],
  '/group': ['directory', { gid: 8, mode: 0o775 }],
  '/group/key.pem': ['file'],
  '/root-group': ['directory', { gid: 0, mode: 0o775 }],
  '/root-group/key.pem': ['file', { uid: 8 }],
  '/theirs': ['link', { uid: 8 }, '/etc/tls'],
};

const system: SafePathSystem = {
  lstat: (path) => {
    const entry = tree[path];
    if (entry === undefined) throw new Error(`ENOENT ${path}`);
    const [kind, { uid = 0, gid = 0, mode = 0o755 } = {}] = entry;
    return { uid, gid, mode, kind };
  },
  readlink: (path) => tree[path]?.[2] ?? '',
};

for (const [path, want] of [
  ['/etc/tls/key1.pem', null],
  ['/etc//tls/./live/key.pem', null],
  ['/etc/tls/archive/../key1.pem', null],
  ['/root-group/key.pem', null],
  ['/etc/tls', '/etc/tls is a folder'],
  ['/etc/tls/key1.pem/x', '/etc/tls/key1.pem is no folder'],
  ['/etc/tls/loop', 'too many links'],
  ['/etc/tls/pipe', '/etc/tls/pipe is no file'],
  ['/etc/tls/away', '/home/mail does not belong to root'],
  ['/tmp/key.pem', 'others than root may write in /tmp'],
  ['/group/key.pem', 'others than root may write in /group'],
  ['/theirs/key1.pem', '/theirs does not belong to root'],
  ['etc/tls/key1.pem', 'not a whole path'],
] as const) {
  test(`unsafePath(${path}): ${want ?? 'safe'}`, () => assert.equal(unsafePath(path, system), want));
}

test('answerSecrets: what the worker says later does not widen what it may read', () => {
  const sent: unknown[] = [];
  const worker = Object.assign(new EventEmitter(), {
    isConnected: () => true,
    send: (message: object) => sent.push(message),
  });
  answerSecrets(worker);
  const ask = (path: unknown): unknown => {
    worker.emit('message', { readSecret: path, id: 1 });
    return sent.pop();
  };
  const refused = { secretId: 1, refusal: 'not a file of the configuration' };
  assert.deepEqual(ask('/etc/hostname'), refused);
  worker.emit('message', { secretPaths: ['/no/such/file'] });
  worker.emit('message', { secretPaths: ['/etc/hostname'] });
  for (const path of ['/etc/hostname', null, ['/no/such/file'], '/no/such/file/']) assert.deepEqual(ask(path), refused);
  assert.notDeepEqual(ask('/no/such/file'), refused);
  for (const junk of [null, 1, 'x', { readSecret: '/no/such/file' }, { secretPaths: 1 }]) worker.emit('message', junk);
  assert.deepEqual(sent, []);
});

for (const [path, want] of [
  ['/etc/tls/key1.pem', true],
  ['/root-group/key.pem', false],
  ['/tmp/key.pem', false],
  ['/home/mail/key.pem', false],
  ['/etc/tls/archive/key.pem', false],
  ['/etc/tls', false],
  ['/no/such/file', false],
] as const) {
  test(`isWrittenByRoot(${path}) is ${want}`, () => assert.equal(isWrittenByRoot(path, system), want));
}
