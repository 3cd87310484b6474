import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialStore, Identity } from '#lib/sasl';
import type { Channel } from '#ports/channel';
import { channelPair, type FakeChannel } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { MemoryImapBackend } from '#testing/imap-backend';
import { defaultLimits, serveImap } from './index.ts';

const identity: Identity = { account: 'a', login: 'a' };
const store: CredentialStore = {
  checkPassword: async () => null,
  scramKeys: async () => Promise.reject(new Error('not asked for')),
  checkCramMd5: async () => null,
  identify: async () => null,
  identifyCertificate: async () => null,
};

interface Flood {
  readonly client: FakeChannel;
  readonly backend: MemoryImapBackend;
  readonly loop: FakeLoop;
  readonly session: Promise<void>;
}

/** A session to which everything was sent ahead. */
async function flood(
  text: string,
  preauthenticated: Identity | null,
  wrap: (channel: Channel) => Channel = (channel) => channel,
  sliceUnits = 0,
): Promise<Flood> {
  const { client, server } = channelPair();
  const backend = new MemoryImapBackend(store);
  const loop = new FakeLoop(sliceUnits);
  await client.write(new TextEncoder().encode(text));
  client.endWriting();
  const session = serveImap({
    channel: wrap(server),
    backend,
    clock: new FakeClock(),
    loop,
    random: { bytes: (size) => new Uint8Array(size) },
    log: new FakeLog(),
    shutdown: new AbortController().signal,
    options: {
      hostname: 'mx.example',
      startTls: false,
      allowClearPasswords: true,
      mechanisms: [],
      preauthenticated,
      serverId: new Map([['name', 'Godwit']]),
      limits: defaultLimits,
    },
  });
  return { client, backend, loop, session };
}

const ids = 't ID ("name" "flood")\r\n'.repeat(5000);

test('serveImap yields to others between commands that were sent ahead, and ends a flood before login', async () => {
  const { backend, loop, session } = await flood(ids, null);
  await session;
  assert.equal(backend.clientIds.length, defaultLimits.maxCommandsBeforeLogin);
  assert.ok(loop.pauses >= backend.clientIds.length, `${loop.pauses}`);
});

test('serveImap takes no more commands while their answers are not taken', async () => {
  const never = Promise.withResolvers<void>();
  let written = 0;
  const { backend, client, session } = await flood(ids, identity, (channel) => ({
    remote: channel.remote,
    local: channel.local,
    tls: null,
    read: (timeoutMs) => channel.read(timeoutMs),
    write: (bytes) => {
      written += bytes.length;
      return written > 1000 ? never.promise : null;
    },
    startTls: () => channel.startTls(),
    close: () => channel.close(),
    destroy: () => channel.destroy(),
  }));
  for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(written > 1000 && written < 2 * defaultLimits.outputBufferBytes, `${written}`);
  assert.ok(backend.clientIds.length < 200, `${backend.clientIds.length}`);
  never.reject(new Error('the test is over'));
  client.destroy();
  await session;
});

test('serveImap answers short commands that were sent ahead together', async () => {
  let writes = 0;
  const { session } = await flood(
    't NOOP\r\n'.repeat(40),
    null,
    (channel) => {
      const write = channel.write.bind(channel);
      return Object.assign(channel, {
        write: (...args: Parameters<Channel['write']>) => {
          writes += 1;
          return write(...args);
        },
      });
    },
    Infinity,
  );
  await session;
  assert.ok(writes <= 3, `${writes}`);
});
