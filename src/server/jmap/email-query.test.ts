import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('Email/query: filters, order, windows and threads, and early ends of the usual page', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const { ids } = await client.call('Email/query', { calculateTotal: true });
  for (const [args, want] of [
    [{ filter: { subject: 'café' } }, [1, 2]],
    [{ filter: { from: 'zoe' } }, [2]],
    [{ filter: { body: 'naïve' } }, [0]],
    [{ filter: { text: '"re: café"' } }, [1]],
    [{ filter: { hasAttachment: true } }, [0]],
    [{ filter: { operator: 'NOT', conditions: [{ hasAttachment: true }, { hasKeyword: '$seen' }] } }, [2]],
    [
      {
        filter: { operator: 'OR', conditions: [{ before: '2026-01-02T00:00:00Z' }, { after: '2026-01-03T00:00:00Z' }] },
      },
      [0, 2],
    ],
    [{ filter: { header: ['In-Reply-To'] } }, [1]],
    [{ filter: { someInThreadHaveKeyword: '$seen' } }, [1, 2]],
    [{ filter: { inMailbox: 'M999' } }, []],
    [{ sort: [{ property: 'receivedAt', isAscending: true }] }, [2, 1, 0]],
    [{ sort: [{ property: 'hasKeyword', keyword: '$seen', isAscending: false }] }, [1, 0, 2]],
    [{ collapseThreads: true }, [0, 1]],
    [{ position: 1, limit: 1 }, [1]],
    [{ position: -1 }, [2]],
    [{ anchor: ids[2] ?? '', anchorOffset: -1, limit: 5 }, [1, 2]],
  ] as const) {
    const { ids: found } = await client.call('Email/query', args);
    assert.deepEqual(
      found,
      want.map((i) => ids[i]),
      JSON.stringify(args),
    );
  }
  const newest = [{ property: 'receivedAt', isAscending: false }];
  const inbox = (await client.call('Mailbox/get', {})).list.find(({ role }) => role === 'inbox')?.id ?? '';
  for (const filter of [{ inMailbox: inbox }, { operator: 'AND', conditions: [{ inMailbox: inbox }] }]) {
    for (const [collapseThreads, all] of [
      [false, [0, 1, 2]],
      [true, [0, 1]],
    ] as const) {
      for (let position = 0; position < 4; position += 1) {
        for (let limit = 0; limit < 4; limit += 1) {
          const args = { filter, sort: newest, collapseThreads, position, limit, calculateTotal: true };
          const page = await client.call('Email/query', args);
          const want = all.slice(position, position + limit).map((i) => ids[i]);
          assert.deepEqual([page.ids, page.total], [want, all.length], JSON.stringify(args));
        }
      }
    }
  }
  for (const [args, type] of [
    [{ filter: { unknown: 1 } }, 'unsupportedFilter'],
    [{ filter: { text: 'a b '.repeat(200_000) } }, 'unsupportedFilter'],
    [{ filter: { body: `"${'a'.repeat(9_000_000)}` } }, 'unsupportedFilter'],
    [{ filter: { text: 'a '.repeat(101) } }, 'unsupportedFilter'],
    [{ filter: { minSize: 'big' } }, 'invalidArguments'],
    [{ sort: [{ property: 'smell' }] }, 'unsupportedSort'],
    [{ anchor: 'E999' }, 'anchorNotFound'],
    [{ colour: 'red' }, 'invalidArguments'],
    [{ accountId: 'A999' }, 'accountNotFound'],
  ] as const)
    assert.equal((await client.call('Email/query', args)).type, type, JSON.stringify(args));
});
