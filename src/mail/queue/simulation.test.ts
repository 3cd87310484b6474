import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { deferred, delivered, QueueWorld, refused } from '#testing/queue-world';
import { simulationRuns } from '#testing/store-databases';

const hourMs = 60 * 60_000;

/** Behaviour of a faulty peer in one attempt. */
type Fault = 'deliver' | 'defer' | 'refuse' | 'throw' | 'hang' | 'deliverThenCrash' | 'noticeFails';

const fault = fc.constantFrom<Fault>(
  'deliver',
  'defer',
  'defer',
  'refuse',
  'throw',
  'hang',
  'deliverThenCrash',
  'noticeFails',
);

const scenario = fc.record({
  messages: fc.array(
    fc.record({
      recipients: fc.integer({ min: 1, max: 4 }),
      waitMs: fc.integer({ min: 0, max: 6 * hourMs }),
      domains: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  faults: fc.array(fault, { minLength: 1, maxLength: 30 }),
  keepFinishedMs: fc.constantFrom(0, 1000 * hourMs),
});

test('QueueRunner over weeks with faulty peers and crashes: every recipient ends delivered or in exactly one failure notice', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ messages, faults, keepFinishedMs }) => {
      await using world = new QueueWorld({ keepFinishedMs });
      const taken = new Set<string>();
      const accepted: string[] = [];
      let next = 0;
      let crashWanted = false;
      let crashesLeft = 10;
      let noticeFaults = 0;
      world.onNotice = () => {
        if (noticeFaults > 0) {
          noticeFaults -= 1;
          throw new Error('disk full');
        }
      };
      world.answer = async (address, { signal }) => {
        const what = faults[next++ % faults.length];
        if (what === 'throw') throw new Error('bug');
        if (what === 'refuse') return refused;
        if (what === 'noticeFails') noticeFaults += 1;
        if (what === 'defer' || what === 'noticeFails') return deferred;
        if (what === 'hang')
          return await new Promise((_r, reject) =>
            signal.addEventListener('abort', () => reject(new Error('aborted'))),
          );
        taken.add(address);
        crashesLeft -= what === 'deliverThenCrash' ? 1 : 0;
        if (what !== 'deliverThenCrash' || crashesLeft < 0) return delivered;
        crashWanted = true;
        return await new Promise(() => undefined);
      };
      const settle = async (): Promise<void> => {
        while (crashWanted) {
          crashWanted = false;
          await world.crash();
        }
      };
      await world.start({ hasExpress: faults.length % 2 === 0 });
      for (const [i, message] of messages.entries()) {
        const to = Array.from({ length: message.recipients }, (_, r) => `m${i}r${r}@d${r % message.domains}.example`);
        accepted.push(...to);
        await world.send(to);
        await settle();
        await world.clock.advance(message.waitMs);
        await settle();
      }
      for (let day = 0; day < 21; day += 1) {
        await world.clock.advance(24 * hourMs);
        await settle();
      }
      const told = world.notices.filter((notice) => notice.id.startsWith('queue-failed-'));
      assert.equal(new Set(told.map((notice) => notice.id)).size, told.length, 'each failure notice once');
      for (const address of accepted) {
        const failures = told.filter((notice) =>
          notice.text.includes(`Final-Recipient: rfc822; ${address}\r\n`),
        ).length;
        assert.ok(failures === 1 || (failures === 0 && taken.has(address)), `${address} is in ${failures} notices`);
      }
      const [left] = await world.db.rows(`SELECT
        (SELECT count(*) FROM queue_content) AS content,
        (SELECT count(*) FROM queue_recipient WHERE finished_ms IS NULL OR notice IS NOT NULL) AS open`);
      assert.deepEqual(left, { content: 0, open: 0 });
    }),
    { numRuns: simulationRuns(20), seed: 5321 },
  );
});
