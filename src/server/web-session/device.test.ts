import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceOf } from './device.ts';

for (const [field, want] of [
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    'Safari on iPhone',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    'Safari on macOS',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 OPR/120.0', 'Opera on Linux'],
  ['curl/8.14.1', 'curl/8.14.1'],
  ['Mozilla/5.0', 'unknown'],
  ['\u001b[2J', 'unknown'],
  ['x'.repeat(5000), 'x'.repeat(60)],
  [null, 'unknown'],
] as const) {
  test(`deviceOf(${JSON.stringify(field?.slice(0, 70) ?? null)}) is ${want}`, () => {
    assert.equal(deviceOf(field), want);
  });
}
