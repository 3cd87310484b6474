import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentMemory } from '#mail/content';
import { defaultLimits } from '#proto/imap-server';
import { channelPair, type FakeChannel } from '#testing/channel-pair';
import { countingDatabase, FakeLoop } from '#testing/fake-loop';
import { serveAccount } from '#testing/imap-conversation';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { AccountGlue } from './account-glue.ts';

const messages = 3000;
const bytesPerUnit = 512;
/** Work after which the loop gives a pause. */
const sliceUnits = 100;
/** A slice, and on top of it what cannot be divided: one statement over a batch, or one write of the output's buffer. */
const mostUnits = sliceUnits + Math.max(260, defaultLimits.outputBufferBytes / bytesPerUnit + 50);

/** Commands that touch the whole mailbox, in an order in which each finds something to do. */
const commands = [
  'SELECT INBOX',
  'FETCH 1:* (FLAGS)',
  'UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)',
  'FETCH 1:* (ENVELOPE BODYSTRUCTURE)',
  'FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (From To Subject Date)])',
  'FETCH 1:* (BODY.PEEK[])',
  'FETCH 1:* (BINARY.PEEK[1])',
  'SEARCH ALL',
  'SEARCH SUBJECT zebra',
  'SEARCH FROM zebra',
  'SEARCH HEADER Message-ID zebra',
  'SEARCH TEXT zebra',
  'SEARCH BODY zebra',
  'SEARCH SENTSINCE 1-Jan-2003',
  'SEARCH LARGER 30',
  'UID SEARCH RETURN (ALL COUNT) OR UNSEEN ANSWERED',
  'STATUS Archive (MESSAGES SIZE UNSEEN DELETED)',
  'COPY 1:* Archive',
  'STORE 1:* +FLAGS.SILENT (\\Seen)',
  'STORE 1:* +FLAGS (\\Flagged $Work)',
  'STORE 1:* FLAGS (\\Answered)',
  'MOVE 1:1000 Archive',
  'STORE 1:1000 +FLAGS.SILENT (\\Deleted)',
  'EXPUNGE',
  'STORE 1:500 +FLAGS.SILENT (\\Deleted)',
  'UID EXPUNGE 1:*',
  'CLOSE',
  'RENAME INBOX Old',
  'DELETE Archive',
  'DELETE Old',
];

/** A session of the account `mara` whose writes count as work. */
function connect({ account, bus, clock, log, loop }: TempStore): { client: FakeChannel; ended: Promise<void> } {
  const { client, server } = channelPair({ serverPort: 143 });
  const write = server.write.bind(server);
  server.write = (bytes, ...rest) => {
    loop.work(bytes.length / bytesPerUnit);
    return write(bytes, ...rest);
  };
  const deps = { account, bus, clock, contentMemory: new ContentMemory(0), appendLimitBytes: 1e9, quotaBytes: 0 };
  const ended = serveAccount(server, { clock, log, loop }, () => new AccountGlue({ ...deps, storedBy: '{}' }));
  return { client, ended };
}

/** Sends a command and reads all of its answer. @returns the tagged line. */
async function answer(client: FakeChannel, tag: string, command: string): Promise<string> {
  await client.write(Buffer.from(`${tag} ${command}\r\n`));
  for (let tail = ''; ;) {
    const end = new RegExp(`(?:^|\\n)${tag} ([^\\r]*)\\r\\n$`).exec(tail);
    if (end !== null) return end[1] ?? '';
    const chunk = await client.read(5000);
    assert.ok(chunk !== null, command);
    tail = `${tail}${Buffer.from(chunk.subarray(-5000)).toString('latin1')}`.slice(-5000);
  }
}

test('no IMAP command does much before other connections are served', async (t) => {
  const loop = new FakeLoop(sliceUnits);
  await using store = await tempStore((db) => countingDatabase(db, loop), loop);
  for (let first = 0; first < messages; first += 50) {
    const some = Array.from({ length: 50 }, (_, i) =>
      newMessage([`Subject: message ${first + i}`, 'From: a@x.example', `Message-ID: <${first + i}@x.example>`]),
    );
    await store.account.messages.append({ name: 'INBOX' }, some);
  }
  const { client, ended } = connect(store);
  await client.read(5000);
  for (const [n, command] of commands.entries()) {
    await t.test(command, async () => {
      loop.longest = 0;
      assert.match(await answer(client, `a${n}`, command), /^OK /);
      assert.ok(loop.longest <= mostUnits, `${loop.longest} rows and ${bytesPerUnit}-byte pieces in one run`);
    });
  }
  await client.close();
  await ended;
});
