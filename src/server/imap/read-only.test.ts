import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentMemory } from '#mail/content';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { ImapConversation } from '#testing/imap-conversation';
import { newMessage, tempStore } from '#testing/temp-store';
import { AccountGlue } from './account-glue.ts';

test('AccountGlue: a login that may read only reads everything and changes nothing', async () => {
  await using store = await tempStore();
  const { account, bus, clock } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: one'])]);
  const before = await account.mailboxes.list();
  const open = () =>
    new AccountGlue({
      account,
      bus,
      clock,
      contentMemory: new ContentMemory(0),
      appendLimitBytes: 1000,
      isReadOnly: true,
      quotaBytes: 0,
      storedBy: '{}',
    });
  await using session = new ImapConversation({ clock, log: new FakeLog(), loop: new FakeLoop() }, open);
  for (const command of [
    'CREATE Work',
    'DELETE Archive',
    'RENAME Archive Old',
    'SUBSCRIBE Work',
    'UNSUBSCRIBE INBOX',
    'APPEND INBOX {3+}\r\nx\r\n',
  ]) {
    assert.match((await session.ask(command)).answer, /^NO \[NOPERM\] this login may only read/, command);
  }
  assert.match((await session.ask('SELECT INBOX')).answer, /^OK \[READ-ONLY\] selected/);
  assert.match((await session.ask('FETCH 1 BODY[TEXT]')).said, /Hello/);
  for (const command of ['STORE 1 +FLAGS (\\Deleted)', 'EXPUNGE'])
    assert.match((await session.ask(command)).answer, /^NO \[READ-ONLY\]/, command);
  for (const command of ['COPY 1 Archive', 'MOVE 1 Archive'])
    assert.match((await session.ask(command)).answer, /^NO \[(NOPERM|READ-ONLY)\]/, command);
  assert.match((await session.ask('FETCH 1 FLAGS')).said, /FLAGS \(\)/);
  assert.match((await session.ask('CLOSE')).answer, /^OK/);
  assert.deepEqual(await account.mailboxes.list(), before);
});
