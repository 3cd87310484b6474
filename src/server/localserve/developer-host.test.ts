import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeveloperHost } from './developer-host.ts';

for (const [host, want] of [
  ['localhost', true],
  ['app.localhost', true],
  ['127.0.0.1', true],
  ['192.168.1.7', true],
  ['[::1]', true],
  ['mail', true],
  ['my_project-mail_1', true],
  ['host.docker.internal', true],
  ['mail.test', true],
  ['evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['evil.local', false],
  ['localhost.', false],
  ['', false],
] as const) {
  test(`isDeveloperHost: ${host || 'no name'} is ${want ? 'right' : 'refused'}`, () => {
    assert.equal(isDeveloperHost(host), want);
  });
}
