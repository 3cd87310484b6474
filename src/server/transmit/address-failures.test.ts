import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryOutcome } from '#mail/queue';
import { withEachReason } from './address-failures.ts';
import type { HostAddress } from './host-addresses.ts';

const host = (name: string, address: string): HostAddress => ({ name, address, port: 25 });
const later = (reason: string) => ({ kind: 'deferred', reason, reply: null, remote: null }) as const;
const busy: DeliveryOutcome = {
  kind: 'deferred',
  reason: '450 4.7.1 greylisted',
  reply: { code: 450, enhanced: '4.7.1', text: 'greylisted' },
  remote: null,
};
const login: DeliveryOutcome = {
  kind: 'deferred',
  reason: '535 5.7.8 no',
  reply: { code: 535, enhanced: '5.7.8', text: 'no' },
  remote: null,
  isLoginRefused: true,
};

for (const [title, failures, want] of [
  ['one address', [[host('mx', '192.0.2.1'), later('refused')]], later('refused')],
  [
    'the same reason once',
    [
      [host('mx1', '192.0.2.1'), later('refused')],
      [host('mx2', '192.0.2.2'), later('silent')],
      [host('mx1', '2001:db8::1'), later('refused')],
      [host('mx3', '192.0.2.3'), later('refused')],
    ],
    later('mx1 (192.0.2.1, 2001:db8::1), mx3 (192.0.2.3): refused\nmx2 (192.0.2.2): silent'),
  ],
  [
    'the same reply everywhere stays a reply',
    [
      [host('mx1', '192.0.2.1'), busy],
      [host('mx2', '192.0.2.2'), busy],
    ],
    busy,
  ],
  [
    'a reply among reasons keeps its status',
    [
      [host('mx1', '192.0.2.1'), later('refused')],
      [host('mx2', '192.0.2.2'), busy],
    ],
    {
      ...later('mx1 (192.0.2.1): refused\nmx2 (192.0.2.2): 450 4.7.1 greylisted'),
      status: '4.7.1',
    },
  ],
  [
    'a refused login stays one, and is temporary',
    [
      [host('relay', '192.0.2.1'), later('refused')],
      [host('relay', '192.0.2.2'), login],
    ],
    {
      ...later('relay (192.0.2.1): refused\nrelay (192.0.2.2): 535 5.7.8 no'),
      status: '4.7.8',
      isLoginRefused: true,
    },
  ],
  [
    'names without addresses, and addresses without names',
    [
      [host('mx1', 'mx1'), later('refused')],
      [host('192.0.2.2', '192.0.2.2'), later('refused')],
    ],
    later('mx1, 192.0.2.2: refused'),
  ],
] as const satisfies readonly (readonly [
  string,
  readonly (readonly [HostAddress, DeliveryOutcome])[],
  DeliveryOutcome,
])[]) {
  test(`withEachReason: ${title}`, () => {
    const result = failures.map(([place, outcome]) => ({ host: place, outcomes: [outcome, outcome] }));
    const last: DeliveryOutcome = result.at(-1)?.outcomes[0] ?? later('none');
    assert.deepEqual(withEachReason([last, last], result), [want, want]);
  });
}

test('withEachReason: twenty addresses with long reasons stay within what the queue keeps', () => {
  const result = Array.from({ length: 20 }, (_, i) => ({
    host: host(`mx${i}.example.org`, `2001:db8::${i}`),
    outcomes: [later(`${i} ${'long '.repeat(1000)}`)],
  }));
  const [outcome] = withEachReason([later('x')], result);
  assert.ok(outcome?.kind === 'deferred' && outcome.reason.split('\n').length === 20);
  assert.ok(outcome.reason.length < 8192, `${outcome.reason.length}`);
});
