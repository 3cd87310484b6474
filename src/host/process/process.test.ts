import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { dropPrivileges, isRoot, onProcessRequest, threadPoolEnvironment } from './index.ts';

for (const [platform, want] of [
  ['linux', ['SIGTERM stop', 'SIGINT stop', 'SIGHUP reload']],
  ['win32', ['SIGTERM stop', 'SIGINT stop', 'SIGHUP stop', 'SIGBREAK stop']],
] as const) {
  test(`onProcessRequest: on ${platform} signals are requests until disposed`, () => {
    const source = Object.assign(new EventEmitter(), { platform });
    const heard: string[] = [];
    const listening = onProcessRequest((request, signal) => heard.push(`${signal} ${request}`), source);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK']) source.emit(signal);
    assert.deepEqual(heard, want);
    listening[Symbol.dispose]();
    assert.deepEqual(source.eventNames(), []);
  });
}

test('dropPrivileges: does nothing when we are not root', { skip: isRoot() && 'running as root' }, () => {
  const before = process.getuid?.();
  dropPrivileges('nobody');
  assert.equal(process.getuid?.(), before);
});

test('dropPrivileges: root becomes nobody for good', { skip: !isRoot() && 'not running as root' }, () => {
  const script = `import { dropPrivileges } from ${JSON.stringify(import.meta.resolve('./index.ts'))};
    dropPrivileges(65534);
    console.log(process.getuid(), process.getgid(), process.getgroups().join());`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  assert.equal(output, '65534 65534 65534\n');
});

test('threadPoolEnvironment: a value of the operator stays', () => {
  assert.ok(Number(threadPoolEnvironment({})['UV_THREADPOOL_SIZE']) >= 16);
  assert.equal(threadPoolEnvironment({ UV_THREADPOOL_SIZE: '6' })['UV_THREADPOOL_SIZE'], '6');
});
