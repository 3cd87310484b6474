import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { connectTo, corpus, startDovecot } from './dovecot-imap.ts';
import type { WireClient } from './imap-wire.ts';
import { describePeer, needsRoot } from './programs.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

const words = ['free', 'linux', 'money', 'perl', 'spam', 'http', 'razor', 'exmh', 'click', 'zebra', 'mailto:', '=3D'];
const searches = [
  ...words.flatMap((word) => ['SUBJECT', 'FROM', 'BODY', 'TEXT'].map((key) => `${key} ${word}`)),
  'TO list',
  'CC example',
  'HEADER Message-ID 2002',
  'HEADER X-Mailer microsoft',
  'SENTSINCE 1-Aug-2002',
  'SENTBEFORE 1-Jul-2002',
  'SENTON 22-Aug-2002',
  'LARGER 5000',
];

/** A way in which our hits may differ from Dovecot's, and why they do. */
interface Difference {
  readonly why: string;
  readonly explains: (search: string, text: string, isOurs: boolean) => boolean;
}

const differences: readonly Difference[] = [
  {
    why: 'the header of an attached message is text that its reader sees; Dovecot looks into its body only',
    explains: (search, text, isOurs) =>
      isOurs && search.startsWith('BODY ') && /^content-type: *message\/rfc822/im.test(text),
  },
  {
    why: 'a Date that cannot be read is no date; Dovecot takes it for 1970',
    explains: (search, text, isOurs) =>
      !isOurs &&
      search.startsWith('SENTBEFORE ') &&
      !/^date:.* \d+ [a-z]{3} \d{4} \d\d:\d\d:\d\d [-+]?[\da-z]+/im.test(text),
  },
];

describePeer('SEARCH finds what Dovecot finds', needsRoot('dovecot'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  test('in real mail', async () => {
    await using dir = await tempDir();
    await using undo = new AsyncDisposableStack();
    const [ours, theirs] = [
      await connectTo(server.ports.imap, `${account.address} ${account.password}`, undo),
      await startDovecot(dir.path, undo),
    ];
    const messages = await corpus();
    for (const client of [ours, theirs]) {
      for (const { bytes } of messages) await client.append('INBOX', bytes);
      await client.command('SELECT INBOX');
    }
    const unexplained: string[] = [];
    const reasons = new Set<string>();
    let found = 0;
    for (const search of searches) {
      const [mine, its] = [await hits(ours, search), await hits(theirs, search)];
      found += its.size;
      for (const [i, { name, bytes }] of messages.entries()) {
        const isOurs = mine.has(i + 1);
        if (isOurs === its.has(i + 1)) continue;
        const difference = differences.find(({ explains }) => explains(search, bytes.toString('latin1'), isOurs));
        if (difference === undefined) unexplained.push(`${search} finds ${name} only in ${isOurs ? 'ours' : 'theirs'}`);
        else reasons.add(difference.why);
      }
    }
    for (const { why } of differences) if (!reasons.has(why)) unexplained.push(`no message shows that ${why}`);
    assert.ok(found > 1000, `${found} hits`);
    assert.equal(unexplained.length, 0, unexplained.join('\n'));
  });
});

/** Numbers of the messages that a search finds. */
async function hits(client: WireClient, search: string): Promise<ReadonlySet<number>> {
  const responses = await client.command(`SEARCH ${search}`);
  const line = responses.find((text) => text.startsWith('* SEARCH')) ?? '* SEARCH';
  return new Set(
    line
      .split(' ')
      .slice(2)
      .filter((text) => text !== '')
      .map(Number),
  );
}
