import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { allOperations } from './all-operations.ts';
import { defineOperation, type Caller } from './define-operation.ts';
import { Operations, type OperationsDeps } from './operations.ts';

test('allOperations: names are unique, and none but the old ones is without a group', () => {
  const names = allOperations.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^(?:[a-z]+[A-Za-z]*\.[a-z]+[A-Za-z]*|status|check|why)$/);
});

for (const { name, summary, permission, command, args, result } of allOperations) {
  test(`operation ${name}: says what it does, who may call it, what it takes and what it gives`, () => {
    assert.match(summary, /^[A-Z][^\n]{5,200}[^.]$/);
    if (permission !== 'operator') assert.ok(Object.hasOwn(args.shape, permission.ownAccount), 'no such argument');
    assert.match(typeof command === 'string' ? command : command.none, /^['a-z]/);
    const taken = z.toJSONSchema(args, { io: 'input' });
    assert.equal(taken.additionalProperties, false);
    for (const [argument, schema] of Object.entries(taken.properties ?? {})) {
      const description = typeof schema === 'object' ? (schema.description ?? '') : '';
      assert.match(description, /^\S[^\n]+\.$/, `argument ${argument} has no text`);
    }
    // What JSON cannot hold has no schema.
    const given = z.toJSONSchema(result);
    assert.ok(given.type === 'object' || given.type === 'array');
  });
}

test('defineOperation: arguments are checked before the work, which gets the parts that it declares', async () => {
  const seen: unknown[] = [];
  const operation = defineOperation({
    name: 'test.echo',
    summary: 'Say what is said',
    permission: 'operator',
    command: { none: 'a test' },
    args: { text: z.string('must be a text') },
    result: z.strictObject({ text: z.string() }),
    run: async ({ list }: { readonly list: unknown[] }, { text }) => {
      list.push(text);
      return { text };
    },
  });
  assert.deepEqual(await operation.call({ list: seen }, { text: 'a' }), { text: 'a' });
  await assert.rejects(operation.call({ list: seen }, { text: 7 }), /^OperationRefused: text must be a text$/);
  await assert.rejects(operation.call({ list: seen }, { text: 'a', more: 1 }), /unknown argument more; it takes text/);
  assert.deepEqual(seen, ['a']);
  assert.equal(operation.isExclusive, false);
});

test('allOperations: those that look before they change are exclusive', () => {
  const exclusive: string[] = allOperations.filter(({ isExclusive }) => isExclusive).map(({ name }) => name);
  assert.deepEqual(exclusive.toSorted(), [
    'account.add',
    'account.remove',
    'appPassword.add',
    'clientKey.add',
    'dkim.add',
    'dkim.remove',
    'password.set',
  ]);
});

/** Operations whose parts are missing: what is refused before the work needs none. */
function withoutParts(): Operations {
  return new Operations({} as OperationsDeps);
}

const ann: Caller = { kind: 'account', name: 'ann' };

for (const [name, args, reason] of [
  ['status', {}, 'status is for operators only'],
  ['account.list', {}, 'account.list is for operators only'],
  ['password.set', { account: 'ann', password: 'long enough' }, 'password.set is for operators only'],
  ['suppression.list', {}, 'account must be ann: other accounts are for operators only'],
  ['suppression.list', null, 'account must be ann: other accounts are for operators only'],
  ['suppression.list', { account: 'bob' }, 'account must be ann: other accounts are for operators only'],
  ['suppression.add', { account: ['ann'], address: 'a@b.example' }, 'account must be ann: other accounts are for'],
  ['why', { id: '1' }, 'account must be ann: other accounts are for operators only'],
  ['why', { id: '1', account: 'bob' }, 'account must be ann: other accounts are for operators only'],
  ['__proto__', {}, 'unknown command __proto__; there are account.add, '],
] as const) {
  test(`Operations.run: ann may not call ${name} with ${JSON.stringify(args)}`, async () => {
    const operations = withoutParts();
    await assert.rejects(operations.run(name, args, ann), (error) => {
      assert.ok(error instanceof Error);
      return error.message.startsWith(reason);
    });
  });
}

test('Operations.run: an account may ask about itself, in any case of its name', async () => {
  const operations = withoutParts();
  // It comes as far as the parts, which are not there.
  await assert.rejects(operations.run('suppression.list', { account: 'Ann' }, ann), TypeError);
});
