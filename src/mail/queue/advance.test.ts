import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advance } from './advance.ts';
import { defaultSettings } from './settings.ts';
import type { DeliveryOutcome } from './transmitter.ts';

const facts = { attempts: 0, startMs: 0, delayTold: false, notify: 0, sender: 'a@example.org' };
const remote = { name: 'mx.example', ip: null };

test('advance: the status has the class of what becomes of the message, and the rest of what the host said', () => {
  for (const [kind, code, enhanced, want] of [
    ['deferred', 450, '4.3.2', '4.3.2'],
    ['deferred', 535, '5.7.8', '4.7.8'],
    ['deferred', 554, null, '4.0.0'],
    ['deferred', 450, '2.0.0', '4.0.0'],
    ['refused', 550, '5.1.1', '5.1.1'],
    ['refused', 550, '4.7.1', '5.7.1'],
    ['refused', 550, null, '5.0.0'],
  ] as const) {
    const reply = { code, enhanced, text: 'x' };
    const outcome: DeliveryOutcome = { kind, reason: 'x', reply, remote, status: '5.0.0' };
    const { status } = advance(facts, outcome, { nowMs: 0, chance: 0 }, defaultSettings);
    assert.equal(status, want, `${kind} ${code} ${enhanced}`);
  }
});
