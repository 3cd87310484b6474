import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import {
  dropPrivileges,
  isRoot,
  isWindows,
  onProcessRequest,
  threadPoolEnvironment,
  type ProcessRequest,
} from './index.ts';

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

test('threadPoolEnvironment: a value of the operator stays', () => {
  assert.ok(Number(threadPoolEnvironment({})['UV_THREADPOOL_SIZE']) >= 16);
  assert.equal(threadPoolEnvironment({ UV_THREADPOOL_SIZE: '6' })['UV_THREADPOOL_SIZE'], '6');
});
