import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateText } from './status.ts';

const endsMs = Date.UTC(2027, 1, 28, 12);
const dayMs = 86_400_000;

for (const [leftMs, want] of [
  [90 * dayMs + 1, '90 days'],
  [dayMs, '1 day'],
  [1, '0 days'],
  [0, 'ENDED'],
] as const) {
  test(`certificateText: ${want}`, () => {
    const certificate = { listener: 'public', names: ['a.example', 'b.example'], endsMs };
    const text = `a.example, b.example (listener public), until 2027-02-28, ${want}`;
    assert.equal(certificateText(certificate, endsMs - leftMs), text);
  });
}
