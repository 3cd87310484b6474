import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Attack } from './attack.ts';
import { attacks } from './attacks.ts';
import { startHostileServer, type HostileServer } from './hostile-server.ts';
import { Probe } from './probe.ts';

const isHttp = ({ name }: Attack): boolean => /^(?:http|jmap):/.test(name);
bearAll(
  'SMTP and IMAP',
  attacks.filter((attack) => !isHttp(attack)),
);
bearAll('HTTP and JMAP', attacks.filter(isHttp));

/** The long form is main.ts: real sizes, and times. Here each attack is made once, and what counts is what is counted. */
function bearAll(protocols: string, some: readonly Attack[]): void {
  describe(`test/hostile: ${protocols}`, () => {
    let server: HostileServer;
    before(async () => {
      server = await startHostileServer();
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
      assert.deepEqual(server.bugs(), []);
    });

    for (const attack of some) {
      test(`${attack.name}: another client is served, memory is bounded, and no bug is logged`, async () => {
        const extent = { ...attack.short, signal: AbortSignal.timeout(60_000) };
        await attack.prepare?.(server.ports, extent);
        await using probe = await Probe.start(server.ports, 1);
        const seen = await attack.run(server.ports, extent);
        await probe.stop();
        assert.equal(extent.signal.aborted, false, 'the attack ended by itself');
        assert.ok(probe.roundTripsMs.length > 0);
        assert.deepEqual(server.bugs(), []);
        // Of all attacks so far; the long form looks at each by itself.
        assert.ok((await server.memoryMb()) < 450, `${await server.memoryMb()} MB`);
        for (const [word, most] of Object.entries(attack.most ?? {})) {
          const count = seen.answers.get(word) ?? 0;
          assert.ok(count > 0 && count <= most * seen.connections, `${count} times ${word}`);
        }
      });
    }
  });
}
