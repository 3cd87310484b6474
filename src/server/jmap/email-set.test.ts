import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import type { Mailbox } from '#mail/mailboxes';
import { selectPlaces } from '#mail/messages';
import { type JmapAnswer, JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('Email/set: keywords are IMAP flags, and IMAP sees a move, a copy and a removal', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const { account } = store;
  const [first, second, third] = (
    await client.call('Email/query', { sort: [{ property: 'receivedAt', isAscending: true }] })
  ).ids;
  const byName = async (name: string): Promise<Mailbox> => (await account.mailboxes.byName(name)) ?? assert.fail(name);
  const archive = `M${(await byName('Archive')).id}`;
  await account.messages.store((await byName('INBOX')).id, [1], {
    mode: 'add',
    bits: 0,
    keywords: ['$Forwarded', '$Seen'],
  });
  await client.call('Email/set', {
    update: {
      [first ?? '']: { keywords: { $answered: true, $draft: true, $forwarded: true } },
      [second ?? '']: { mailboxIds: { [archive]: true } },
      [third ?? '']: { [`mailboxIds/${archive}`]: true, 'keywords/$flagged': true },
    },
  });
  const flagsIn = async (name: string): Promise<unknown[]> => {
    const { id } = await byName(name);
    const places = await account.db.read((reader) => selectPlaces(reader, account.id, id, [1, 2, 3, 4]));
    return places.map(({ uid, flags, keywords }) => [uid, flags, keywords]);
  };
  const { Answered, Draft, Flagged, Seen } = SystemFlag;
  assert.deepEqual(await flagsIn('INBOX'), [
    [1, Answered | Draft, '$Forwarded'],
    [3, Flagged, ''],
  ]);
  assert.deepEqual(await flagsIn('Archive'), [
    [1, Flagged, ''],
    [2, Seen, ''],
  ]);
  await client.call('Email/set', { destroy: [first ?? '', third ?? ''] });
  assert.deepEqual([await flagsIn('INBOX'), await flagsIn('Archive')], [[], [[2, Seen, '']]]);
});

test('Email/set: the objects of a call, the keywords of an email and those of an account have limits', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store, { ...jmapLimits, maxObjectsInSet: 2 });
  const { ids } = await client.call('Email/query', {});
  const [one = '', two = ''] = ids;
  const many = (count: number, name = 'k'): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, true]));
  const set = (args: JsonObject): Promise<JmapAnswer> => client.call('Email/set', args);
  assert.equal((await set({ destroy: ['E97', 'E98', 'E99'] })).type, 'requestTooLarge');
  assert.equal((await set({ destroy: ['E98', 'E99'] })).type, undefined);
  const refused = await set({
    update: { [one]: { keywords: many(101) }, [two]: { keywords: { ['k'.repeat(101)]: true } } },
  });
  assert.deepEqual(
    [refused.notUpdated[one]?.type, refused.notUpdated[two]?.type],
    ['tooManyKeywords', 'invalidProperties'],
  );
  for (let i = 0; i < 10; i += 1) await set({ update: { [one]: { keywords: many(100, `x${i}y`) } } });
  const full = await set({
    update: { [one]: { 'keywords/new': true }, [two]: { 'keywords/$flagged': true, 'keywords/x1y1': true } },
  });
  assert.equal(full.notUpdated[one]?.type, 'tooManyKeywords');
  assert.deepEqual(full.updated, { [two]: null });
});

test('Email/set: calls for the same email at the same time all take effect', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const { ids } = await client.call('Email/query', {});
  const [one = ''] = ids;
  const keywords = ['a', 'b', 'c', 'd', 'e'];
  const answers = await Promise.all(
    keywords.map((keyword) => client.call('Email/set', { update: { [one]: { [`keywords/${keyword}`]: true } } })),
  );
  assert.deepEqual(
    answers.map(({ updated }) => updated),
    keywords.map(() => ({ [one]: null })),
  );
  const { list } = await client.call('Email/get', { ids: [one], properties: ['keywords'] });
  assert.deepEqual(Object.keys(list[0]?.keywords ?? {}).toSorted(), keywords);
});
