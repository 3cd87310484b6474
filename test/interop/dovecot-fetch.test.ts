import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { connectTo, corpus, startDovecot } from './dovecot-imap.ts';
import { differences, explain } from './fetch-differences.ts';
import { parseFetch, type ImapTree } from './imap-tree.ts';
import type { WireClient } from './imap-wire.ts';
import { nastyMessages } from './nasty-messages.ts';
import { describePeer, needsRoot } from './programs.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

const items =
  'RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME]';

describePeer('FETCH gives what Dovecot gives', needsRoot('dovecot'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  test('for real mail and for nasty messages', async () => {
    await using dir = await tempDir();
    await using undo = new AsyncDisposableStack();
    const [ours, theirs] = [
      await connectTo(server.ports.imap, `${account.address} ${account.password}`, undo),
      await startDovecot(dir.path, undo),
    ];
    const messages = [...nastyMessages, ...(await corpus()).map((message) => ({ ...message, why: null }))];
    for (const client of [ours, theirs]) {
      for (const { bytes } of messages) await client.append('INBOX', bytes);
      await client.command('SELECT INBOX');
    }
    const unexplained: string[] = [];
    const reasons = new Set<string>();
    for (const [i, { name, why }] of messages.entries()) {
      const [a, b] = [await fetchAll(ours, i + 1), await fetchAll(theirs, i + 1)];
      let differs = false;
      for (const [item, value] of b) {
        const mine = a.get(item) ?? null;
        const explained = explain(mine, value);
        for (const reason of explained ?? []) reasons.add(reason);
        if (explained !== null) continue;
        differs = true;
        if (why === null) unexplained.push(`${name} ${item}\n  ours   ${show(mine)}\n  theirs ${show(value)}`);
      }
      if (why !== null && !differs) unexplained.push(`${name}: differs no longer`);
    }
    for (const { why } of differences) if (!reasons.has(why)) unexplained.push(`no message shows that ${why}`);
    assert.equal(unexplained.length, 0, unexplained.join('\n'));
  });
});

async function fetchAll(client: WireClient, number: number): Promise<Map<string, ImapTree>> {
  const responses = await client.command(`FETCH ${number} (${items})`);
  const response = responses.find((text) => text.startsWith(`* ${number} FETCH`));
  return parseFetch(response ?? '()');
}

function show(tree: ImapTree): string {
  return JSON.stringify(tree);
}
