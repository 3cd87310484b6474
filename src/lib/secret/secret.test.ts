import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from './index.ts';

test('Secret.reveal gives the text back, from text or UTF-8', () => {
  assert.equal(new Secret('pässword').reveal(), 'pässword');
  assert.equal(new Secret(new TextEncoder().encode('pässword')).reveal(), 'pässword');
});

test('Secret shows itself nowhere else', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ deep: [secret] }, { showHidden: true, depth: 9 }),
    format('%s %o %j', secret, secret, secret),
    Object.entries(secret).join(''),
    JSON.stringify(Object.assign({}, secret)),
  ].join('\n');
  assert.doesNotMatch(shown, /hunter2/);
  assert.match(shown, /\[secret\]/);
});
