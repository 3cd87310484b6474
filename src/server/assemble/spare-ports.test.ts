import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfiguredPort } from './configured-ports.ts';
import { SparePorts } from './spare-ports.ts';

// TEST-NET-1 (RFC 5737): no program has these ports, so that nothing is found out about them.
const wanted = [{ address: '192.0.2.1', port: 1080 }] as unknown as readonly ConfiguredPort[];

/** Opens a port unless it is taken. */
function opener(taken: readonly number[], code = 'EADDRINUSE'): (port: number) => Promise<string> {
  return async (port) => {
    if (taken.includes(port)) throw Object.assign(new Error(`${port} is taken`), { code });
    return `opened ${port}`;
  };
}

test('SparePorts: a free port is the configured one', async () => {
  const spares = new SparePorts(5, new Set([1080]));
  assert.deepEqual(await spares.open(wanted, opener([1081])), { opened: 'opened 1080', moved: null });
});

test('SparePorts: the next free one, without those of other services', async () => {
  const spares = new SparePorts(5, new Set([1080, 1081]));
  assert.deepEqual(await spares.open(wanted, opener([1080, 1082])), {
    opened: 'opened 1083',
    moved: { from: 1080, owner: 'another program' },
  });
});

for (const [what, tries, taken, code] of [
  ['all are taken', 2, [1080, 1081, 1082], 'EADDRINUSE'],
  ['there are no spare ones', 0, [1080], 'EADDRINUSE'],
  ['the port may not be had', 5, [1080], 'EACCES'],
] as const) {
  test(`SparePorts: the error of the configured port when ${what}`, async () => {
    const spares = new SparePorts(tries, new Set([1080]));
    await assert.rejects(spares.open(wanted, opener(taken, code)), { message: '1080 is taken', code });
  });
}

test('SparePorts: there is no port above the last', async () => {
  const last = [{ address: '192.0.2.1', port: 65_535 }] as unknown as readonly ConfiguredPort[];
  await assert.rejects(new SparePorts(5, new Set()).open(last, opener([65_535])), { code: 'EADDRINUSE' });
});
