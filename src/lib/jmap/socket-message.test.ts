import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits } from './limits.ts';
import { parseSocketMessage } from './socket-message.ts';

/** Parses a message and shows what was found in it. */
async function shown(text: string, limits = jmapLimits): Promise<unknown> {
  const message = await parseSocketMessage(new TextEncoder().encode(text), limits);
  if (message.kind === 'request') return [message.id, message.request.calls.map(({ name }) => name)];
  if (message.kind === 'invalid') return [message.problem.type, message.id];
  return message;
}

const request = (more: string): string => `{"@type":"Request","using":[],"methodCalls":[["Core/echo",{},"0"]]${more}}`;

for (const [text, want] of [
  [request(',"id":"R1"'), ['R1', ['Core/echo']]],
  [request(''), [null, ['Core/echo']]],
  [
    '{"@type":"WebSocketPushEnable","dataTypes":["Email"],"pushState":"aaa"}',
    { kind: 'pushEnable', types: ['Email'], pushState: 'aaa' },
  ],
  ['{"@type":"WebSocketPushEnable","dataTypes":null}', { kind: 'pushEnable', types: null, pushState: null }],
  ['{"@type":"WebSocketPushDisable"}', { kind: 'pushDisable' }],
  ['The quick brown fox', ['notJSON', null]],
  ['[]', ['notRequest', null]],
  ['{"using":[],"methodCalls":[],"id":"a"}', ['notRequest', 'a']],
  ['{"@type":"Request","id":"R2","using":[]}', ['notRequest', 'R2']],
  [request(',"id":7'), ['notRequest', null]],
  [`{"@type":"WebSocketPushEnable","dataTypes":[${'"a",'.repeat(100)}"a"]}`, ['notRequest', null]],
  [`{"@type":"WebSocketPushEnable","pushState":"${'a'.repeat(1001)}"}`, ['notRequest', null]],
] as const)
  test(`parseSocketMessage: ${text.slice(0, 80)}`, async () => assert.deepEqual(await shown(text), want));

test('parseSocketMessage: the limits of requests hold', async () => {
  assert.deepEqual(await shown(request(',"id":"a"'), { ...jmapLimits, maxCallsInRequest: 0 }), ['limit', 'a']);
  assert.deepEqual(await shown(request(',"id":"a"'), { ...jmapLimits, maxSizeRequest: 20 }), ['limit', null]);
});
