import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mechanismsByStrength } from '#lib/sasl';
import type { CredentialStore, Identity } from '#lib/sasl';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { MemoryImapBackend } from '#testing/imap-backend';
import { defaultLimits, serveImap } from './index.ts';

const identity: Identity = { account: 'a', login: 'a' };
const store: CredentialStore = {
  checkPassword: async (login) => (login === 'a' ? identity : null),
  scramKeys: async () => ({
    salt: new Uint8Array(16),
    iterations: 4096,
    storedKey: new Uint8Array(32),
    serverKey: new Uint8Array(32),
  }),
  checkCramMd5: async () => null,
  identify: async () => identity,
  identifyCertificate: async () => null,
};

const words =
  'SELECT EXAMINE FETCH STORE SEARCH COPY MOVE EXPUNGE UID APPEND LIST LSUB STATUS CREATE DELETE RENAME SUBSCRIBE NOOP ' +
  'CLOSE UNSELECT ENABLE ID NAMESPACE CAPABILITY CHECK AUTHENTICATE LOGIN PLAIN INBOX other other/below 1 1:* 2,$ * 3:1 ' +
  'FLAGS +FLAGS -FLAGS.SILENT (\\Seen) (\\Deleted word) ALL BODY[] BODY.PEEK[1.MIME]<0.3> BINARY[1] BINARY.SIZE[2] BODYSTRUCTURE ' +
  'ENVELOPE (UID FLAGS) RETURN (ALL SAVE) (MIN COUNT) NOT OR SEEN SUBJECT TEXT hello SINCE 1-Jan-2020 LARGER 10 "" % ' +
  '(MESSAGES UNSEEN) IMAP4rev2 UTF8=ACCEPT "quoted \\" text" {3}\r\nabc {4+}\r\nabcd ~{2+}\r\nxy {0+}\r\n a b =';
const fragments = words.split(' ').map((word) => word.replaceAll('_', ' '));

const piece = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...fragments).map((word) => ` ${word}`) },
  { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom('\r', '\n', '\0', '\u00ff', '(', ')', '{', '\\') },
);
const line = fc.array(piece, { maxLength: 8 }).map((pieces) => `t${pieces.join('')}\r\n`);
/** Commands that are right, so that the junk meets every state. */
const whole = [
  't SELECT INBOX\r\n',
  't EXAMINE other\r\n',
  't CREATE other\r\n',
  't IDLE\r\nDONE\r\n',
  't FETCH 1:* FULL\r\n',
  't UID FETCH 1:* (BODY[] BINARY[1] BODY[1.MIME])\r\n',
  't STORE 1:* +FLAGS (\\Deleted word)\r\n',
  't EXPUNGE\r\n',
  't SEARCH RETURN (SAVE ALL) OR TEXT hello NOT 1\r\n',
  't MOVE 1 other\r\n',
  't APPEND INBOX {5+}\r\nA: b\n {0+}\r\n\r\n',
  't APPEND INBOX (\\Seen) {5+}\r\nA: b\n\r\n',
  't LIST "" * RETURN (STATUS (MESSAGES))\r\n',
  't ENABLE IMAP4rev2\r\n',
];
const script = fc.array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 2, arbitrary: fc.constantFrom(...whole) }), {
  maxLength: 30,
});

/** A clock whose waits end at once. */
class HastyClock extends FakeClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

/** Plays bytes at a session and answers what it logged as bugs; resolves only if the session ends. */
async function bugsOf(lines: readonly string[], isLoggedIn: boolean): Promise<readonly unknown[]> {
  const { client, server } = channelPair();
  const log = new FakeLog();
  const backend = new MemoryImapBackend(store);
  for (const subject of ['hello', 'two', 'three']) backend.deliver('INBOX', `Subject: ${subject}\n\ntext\n`);
  const session = serveImap({
    channel: server,
    backend,
    clock: new HastyClock(),
    loop: new FakeLoop(),
    random: { bytes: (count) => new Uint8Array(count) },
    log,
    shutdown: new AbortController().signal,
    options: {
      hostname: 'mx.example',
      startTls: true,
      allowClearPasswords: true,
      mechanisms: mechanismsByStrength,
      preauthenticated: isLoggedIn ? identity : null,
      serverId: new Map(),
      limits: defaultLimits,
    },
  });
  for (const text of ['t NOOP\r\n', ...lines]) {
    await client.write(new TextEncoder().encode(text)).catch(() => undefined);
  }
  client.endWriting();
  await session;
  return log.ofLevel('error').map(({ cause }) => cause);
}

for (const isLoggedIn of [true, false]) {
  test(`serveImap ends without a bug whatever ${isLoggedIn ? 'a user' : 'a stranger'} sends`, async () => {
    await fc.assert(
      fc.asyncProperty(script, async (lines) => assert.deepEqual(await bugsOf(lines, isLoggedIn), [])),
      { numRuns: isLoggedIn ? 400 : 100, seed: 11 },
    );
  });
}
