import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirm, counted } from './confirm.ts';

const never = (): Promise<string | null> => Promise.reject(new Error('asked'));

test('confirm: --yes asks nothing; without it, yes is the only answer that goes on', async () => {
  await confirm('All goes.', { yes: true }, never);
  await confirm('All goes.', {}, async (question) => {
    assert.equal(question, 'All goes. This cannot be undone. Type yes to go on: ');
    return 'Yes ';
  });
  for (const answer of ['', 'y', 'no']) {
    await assert.rejects(
      confirm('All goes.', {}, async () => answer),
      /^Error: nothing was changed$/,
    );
  }
});

test('confirm: without a terminal it is refused, with what would happen and the option to add', async () => {
  await assert.rejects(
    confirm('All goes.', {}, async () => null),
    /^Error: All goes\. This cannot be undone: add --yes if you want it; nothing was changed$/,
  );
});

test('counted', () => {
  assert.deepEqual(
    [counted(0, 'message'), counted(1, 'message'), counted(1234, 'message')],
    ['0 messages', '1 message', '1,234 messages'],
  );
});
