import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialStore, Identity } from '#lib/sasl';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { MemoryImapBackend } from '#testing/imap-backend';
import type { AccountBackend } from '../backend.ts';
import { type ImapServerLimits, defaultLimits } from '../limits.ts';
import { serveImap } from '../session.ts';

const identity: Identity = { account: 'a', login: 'a' };
const store: CredentialStore = {
  checkPassword: async () => null,
  scramKeys: async () => Promise.reject(new Error('not asked for')),
  checkCramMd5: async () => null,
  identify: async () => null,
  identifyCertificate: async () => null,
};

function filled(count: number): MemoryImapBackend {
  const backend = new MemoryImapBackend(store);
  for (let i = 0; i < count; i++)
    backend.deliver('INBOX', `Subject: ${i}\nFrom: a@example.org\n\n${'body '.repeat(i)}\n`);
  return backend;
}

/** All that a server says to these commands, and the bugs it logged. */
async function conversation(
  backend: MemoryImapBackend,
  commands: readonly string[],
  limits: Partial<ImapServerLimits> = {},
): Promise<{ readonly said: string; readonly bugs: readonly string[] }> {
  const { client, server } = channelPair();
  const log = new FakeLog();
  const session = serveImap({
    channel: server,
    backend,
    clock: new FakeClock(),
    loop: new FakeLoop(),
    random: { bytes: (size) => new Uint8Array(size) },
    log,
    shutdown: new AbortController().signal,
    options: {
      hostname: 'mx.example',
      startTls: false,
      allowClearPasswords: true,
      mechanisms: [],
      preauthenticated: identity,
      serverId: new Map(),
      limits: { ...defaultLimits, ...limits },
    },
  });
  await client.write(new TextEncoder().encode(commands.map((command) => `t ${command}\r\n`).join('')));
  client.endWriting();
  await session;
  let said = '';
  for (let chunk = await client.read(1000); chunk !== null; chunk = await client.read(1000)) {
    said += new TextDecoder().decode(chunk);
  }
  return { said, bugs: log.ofLevel('error').map(({ cause }) => String(cause)) };
}

const commands = [
  'EXAMINE INBOX',
  'FETCH 1:* (UID FLAGS)',
  'FETCH 1:* (ENVELOPE BODYSTRUCTURE RFC822.SIZE)',
  'UID FETCH 2:11,13,17:* (BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (FROM)] BODY.PEEK[TEXT]<2.30>)',
];

for (const limits of [
  { maxRowBatch: 1, maxContentBatch: 1, contentChunkBytes: 7, outputBufferBytes: 16 },
  { maxRowBatch: 3, maxContentBatch: 4, contentChunkBytes: 1, outputBufferBytes: 1 },
  { maxRowBatch: 100, maxContentBatch: 100, outputBufferBytes: 100 },
]) {
  test(`fetch says the same with ${JSON.stringify(limits)}`, async () => {
    const want = await conversation(filled(20), commands);
    assert.match(want.said, /\* 20 FETCH \(UID 20 BODY\[\] \{133\}\r\n/);
    assert.deepEqual(await conversation(filled(20), commands, limits), want);
  });
}

test('fetch marks messages as seen once, in batches, and tells so in the same response', async () => {
  const backend = filled(5);
  const { said } = await conversation(
    backend,
    ['SELECT INBOX', 'FETCH 2:4 BODY[TEXT]<0.1>', 'FETCH 1:5 BODY[TEXT]<0.1>', 'NOOP'],
    { maxContentBatch: 2 },
  );
  assert.equal(said.match(/FLAGS \(\\Seen\)/g)?.length, 5);
  assert.equal(new Set(backend.mailbox('INBOX').messages.map(({ modSeq }) => modSeq)).size, 4);
});

/** A backend whose messages break off after `goodBytes`. */
function breaking(goodBytes: number): MemoryImapBackend {
  const backend = filled(3);
  const open = backend.open.bind(backend);
  backend.open = async (who): Promise<AccountBackend> => {
    const account = await open(who);
    const select = account.select.bind(account);
    account.select = async (name, isReadOnly) => {
      const mailbox = await select(name, isReadOnly);
      const contents = mailbox.contents.bind(mailbox);
      mailbox.contents = async (uids, want) =>
        (await contents(uids, want)).map((content) => {
          if (content === null) return null;
          const bytes = (start: number, end: number): Uint8Array | Promise<Uint8Array> =>
            end > goodBytes ? Promise.reject(new Error('disk gone')) : content.bytes(start, end);
          return { ...content, bytes, piece: bytes };
        });
      return mailbox;
    };
    return account;
  };
  return backend;
}

test('fetch takes a response back when reading fails before any of it went out', async () => {
  const { said, bugs } = await conversation(breaking(10), ['EXAMINE INBOX', 'FETCH 1 BODY[]', 'NOOP'], {
    contentChunkBytes: 5,
  });
  assert.doesNotMatch(said, /FETCH \(/);
  assert.match(said, /t NO \[SERVERBUG\][^\n]*\nt OK done\r\n$/);
  assert.deepEqual(bugs, ['Error: disk gone']);
});

test('fetch ends the connection when reading fails in the middle of a literal', async () => {
  const { said, bugs } = await conversation(breaking(10), ['EXAMINE INBOX', 'FETCH 1 BODY[]', 'NOOP'], {
    contentChunkBytes: 5,
    outputBufferBytes: 4,
  });
  assert.match(said, /\* 1 FETCH \(BODY\[\] \{\d+\}\r\nSubject: 0$/);
  assert.deepEqual(bugs, ['Error: disk gone']);
});

test('fetch asks alone for rows that are too large for a batch', async () => {
  const backend = filled(7);
  const whole = await conversation(backend, commands);
  backend.largeUids.add(2).add(5);
  assert.deepEqual(await conversation(backend, commands), whole);
  assert.deepEqual(
    backend.rowReads.filter((uids) => uids.length === 1).map(([uid]) => uid),
    [2, 5],
  );
});

const attachment = Buffer.from(Uint8Array.from({ length: 600_000 }, (_, i) => i % 251));
const base64Lines = attachment.toString('base64').replaceAll(/.{76}/g, '$&\n');

test('fetch streams a large part that it decodes: no more than a piece of it is read at a time', async () => {
  const backend = new MemoryImapBackend(store);
  backend.deliver('INBOX', `Content-Transfer-Encoding: base64\n\n${base64Lines}\n`);
  backend.deliver('INBOX', 'Content-Transfer-Encoding: base64\n\naGVsbG8=\n');
  const { said, bugs } = await conversation(backend, [
    'EXAMINE INBOX',
    'FETCH 1 BINARY.SIZE[1]',
    'FETCH 1 BINARY.PEEK[1]',
    'FETCH 1 BINARY.PEEK[1]<300000.100>',
    'FETCH 1 BINARY.PEEK[1]<599990.100>',
    'FETCH 2 BINARY.PEEK[1]<1.3>',
  ]);
  assert.deepEqual(bugs, []);
  const text = (start: number, end: number): string => new TextDecoder().decode(attachment.subarray(start, end));
  assert.ok(said.includes('BINARY.SIZE[1] 600000)'));
  assert.ok(said.includes(`BINARY[1] ~{600000}\r\n${text(0, 600_000)})`));
  assert.ok(said.includes(`BINARY[1]<300000> ~{100}\r\n${text(300_000, 300_100)})`));
  assert.ok(said.includes(`BINARY[1]<599990> ~{10}\r\n${text(599_990, 600_000)})`));
  assert.ok(said.includes('BINARY[1]<1> {3}\r\nell)'));
  assert.ok(Math.max(...backend.contentReads) <= 256 * 1024, `${Math.max(...backend.contentReads)}`);
});
