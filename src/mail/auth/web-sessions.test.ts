import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '#host/random';
import type { Identity } from '#lib/sasl';
import { sql } from '#ports/database';
import { directHash } from '#testing/direct-hash';
import { FakeLog } from '#testing/fake-log';
import { tempStore, type TempStore } from '#testing/temp-store';
import { CredentialChecker, Credentials, WebSessions } from './index.ts';

const limits = { argon2MemoryKiB: 64, argon2Passes: 1, scramIterations: 10, maxWebSessions: 3 };
const minuteMs = 60_000;
const dayMs = 86_400_000;

async function inWorld(
  body: (
    world: TempStore & {
      readonly hints: string[];
      readonly credentials: Credentials;
      readonly checker: CredentialChecker;
      readonly sessions: WebSessions;
      readonly begin: (device?: string) => Promise<string>;
    },
  ) => Promise<void>,
): Promise<void> {
  await using store = await tempStore();
  const { databases, clock } = store;
  const hints: string[] = [];
  const bus = { publish: (topic: string) => void hints.push(topic) };
  const deps = { db: databases.server, bus, clock, random: systemRandom, hash: directHash, limits, log: new FakeLog() };
  const directory = { accountOf: (login: string) => (login === 'mara@example.org' ? 'mara' : null) };
  const checker = new CredentialChecker({ ...deps, directory });
  const credentials = new Credentials(deps);
  await credentials.setPassword('mara', 'correct horse');
  const sessions = new WebSessions(deps);
  const begin = async (device = 'Firefox on Linux'): Promise<string> => {
    const identity = await checker.checkPassword('mara@example.org', 'correct horse');
    assert.ok(identity !== null);
    const begun = await sessions.begin(identity, device, '192.0.2.1');
    assert.ok(begun !== null);
    return begun.token;
  };
  hints.length = 0;
  await body({ ...store, hints, credentials, checker, sessions, begin });
}

test('WebSessions: a token of 256 bits is who its account is, and nothing near it is', () =>
  inWorld(async ({ sessions, begin, databases }) => {
    const token = await begin();
    assert.equal(Buffer.from(token, 'base64url').length, 32);
    const identity = await sessions.check(token, '192.0.2.1');
    assert.deepEqual([identity?.account, identity?.login, identity?.webSession], ['mara', 'mara@example.org', 1]);
    const other = await begin();
    assert.notEqual(other, token);
    for (const wrong of ['', token.slice(1), `${token}A`, token.toLowerCase(), 'x'.repeat(100_000)])
      assert.equal(await sessions.check(wrong, '192.0.2.1'), null);
    // What is stored does not log in.
    const row = await databases.server.read((reader) =>
      reader.get<{ readonly digest: Uint8Array }>(sql`SELECT digest FROM web_session WHERE id = 1`),
    );
    assert.equal(await sessions.check(Buffer.from(row?.digest ?? []).toString('base64url'), '192.0.2.1'), null);
  }));

test('WebSessions: the list has device, network and last use, which is noted once a minute', () =>
  inWorld(async ({ sessions, begin, clock, databases }) => {
    const startMs = clock.now();
    const token = await begin('Safari on iPhone');
    await clock.advance(minuteMs / 2);
    await sessions.check(token, '198.51.100.7');
    // A note is a write, before which any later one waits.
    await databases.server.write(async () => undefined);
    const [first] = await sessions.list('mara');
    assert.deepEqual(
      { ...first },
      {
        id: 1,
        account: 'mara',
        login: 'mara@example.org',
        device: 'Safari on iPhone',
        createdMs: startMs,
        lastUsedMs: startMs,
        lastAddress: '192.0.2.1',
      },
    );
    await clock.advance(minuteMs);
    await sessions.check(token, '198.51.100.7');
    await databases.server.write(async () => undefined);
    const [later] = await sessions.list('mara');
    assert.deepEqual([later?.lastUsedMs, later?.lastAddress], [startMs + 1.5 * minuteMs, '198.51.100.7']);
    assert.deepEqual(await sessions.list('nobody'), []);
  }));

test('WebSessions end when they are not used for a week, and 90 days after the login in any case', () =>
  inWorld(async ({ sessions, begin, clock, databases, checker }) => {
    const idle = await begin();
    const used = await begin();
    const isGood = async (token: string): Promise<boolean> => {
      const identity = await sessions.check(token, '192.0.2.1');
      await databases.server.write(async () => undefined);
      return identity !== null && (await checker.isStillProved(identity));
    };
    await clock.advance(7 * dayMs - 1);
    assert.equal(await isGood(used), true);
    await clock.advance(1);
    assert.deepEqual([await isGood(idle), await isGood(used)], [false, true]);
    assert.equal((await sessions.list('mara')).length, 1);
    for (let day = 7; day < 89; day += 6) {
      await clock.advance(6 * dayMs);
      assert.equal(await isGood(used), day + 6 < 90, `day ${day + 6}`);
    }
    const identity = await sessions.check(used, '192.0.2.1');
    assert.equal(identity, null);
  }));

test('WebSessions: a new password ends them, also one whose login was under way', () =>
  inWorld(async ({ sessions, begin, clock, credentials, checker, hints }) => {
    const token = await begin();
    const identity = await sessions.check(token, '192.0.2.1');
    const under = await checker.checkPassword('mara@example.org', 'correct horse');
    assert.ok(identity !== null && under !== null);
    hints.length = 0;
    await clock.advance(1);
    await credentials.setPassword('mara', 'battery staple');
    assert.deepEqual(hints, ['logins']);
    assert.equal(await sessions.check(token, '192.0.2.1'), null);
    assert.equal(await checker.isStillProved(identity), false);
    assert.equal(await sessions.begin(under, '', '192.0.2.1'), null);
    assert.deepEqual(await sessions.list('mara'), []);
  }));

test('WebSessions: one is ended, the others, or all; those of another account are not', () =>
  inWorld(async ({ sessions, begin, accounts, hints }) => {
    await accounts.create('bob');
    const [first, second, third] = [await begin(), await begin(), await begin()];
    hints.length = 0;
    assert.equal(await sessions.end('bob', 1), false);
    assert.equal(await sessions.end('mara', 1), true);
    assert.equal(await sessions.end('mara', 1), false);
    assert.equal(await sessions.check(first, ''), null);
    assert.equal(await sessions.endAll('bob'), 0);
    assert.equal(await sessions.endAll('mara', 3), 1);
    assert.equal(await sessions.check(second, ''), null);
    assert.equal((await sessions.check(third, ''))?.webSession, 3);
    assert.equal(await sessions.endAll('mara'), 1);
    assert.equal(await sessions.check(third, ''), null);
    assert.equal(
      hints.every((hint) => hint === 'logins'),
      true,
    );
    const last = await begin();
    await accounts.remove('mara');
    assert.equal(await sessions.check(last, ''), null);
  }));

test('WebSessions: past the limit the one that was not used for the longest time ends', () =>
  inWorld(async ({ sessions, begin, clock, databases }) => {
    const [first, second] = [await begin(), await begin()];
    await clock.advance(2 * minuteMs);
    await begin();
    await sessions.check(first, '192.0.2.1');
    await databases.server.write(async () => undefined);
    await begin();
    assert.equal((await sessions.list('mara')).length, 3);
    assert.equal(await sessions.check(second, ''), null);
    assert.equal((await sessions.check(first, ''))?.webSession, 1);
  }));

test('WebSessions: a login that no password of the account proved begins none', () =>
  inWorld(async ({ sessions }) => {
    const identity: Identity = { account: 'mara', login: 'mara@example.org', proof: 'key 00' };
    assert.equal(await sessions.begin(identity, '', ''), null);
  }));
