import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  Arguments,
  IdSpace,
  jmapLimits,
  MethodError,
  parseFilter,
  parseRequest,
  parseZonedDate,
  RequestProblem,
  ResultReferences,
  writeDate,
  jsonSize,
  writeUtcDate,
  type JsonObject,
  type JsonValue,
} from './index.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function references(args: JsonObject, limits = jmapLimits): ResultReferences {
  const found = new ResultReferences(limits);
  found.add({ name: 'Foo/get', args, callId: 'a' });
  return found;
}

for (const [path, want] of [
  ['/list/*/id', ['x', 'y']],
  ['/list/*/more', [1, 2, 3]],
  ['/list/1/more/0', 3],
  ['/a~1b', 'slash'],
  [
    '',
    {
      list: [
        { id: 'x', more: [1, 2] },
        { id: 'y', more: [3] },
      ],
      'a/b': 'slash',
    },
  ],
  ['/list/2', undefined],
  ['/list/01', undefined],
  ['/toString', undefined],
  ['list', undefined],
] as const) {
  test(`ResultReferences.resolve: ${path}`, () => {
    const known = references({
      list: [
        { id: 'x', more: [1, 2] },
        { id: 'y', more: [3] },
      ],
      'a/b': 'slash',
    });
    const resolve = (): JsonObject => known.resolve({ '#ids': { resultOf: 'a', name: 'Foo/get', path }, b: 1 });
    if (want === undefined)
      assert.throws(resolve, (error) => error instanceof MethodError && error.type === 'invalidResultReference');
    else assert.deepEqual(resolve(), { ids: want, b: 1 });
  });
}

test('ResultReferences.resolve refuses a name with both forms', () => {
  const both = { '#ids': { resultOf: 'a', name: 'Foo/get', path: '' }, ids: [] };
  assert.throws(
    () => references({}).resolve(both),
    (error) => error instanceof MethodError && error.type === 'invalidArguments',
  );
});

test('ResultReferences.resolve: a million references, and stars that multiply, end at once', () => {
  const many = Object.fromEntries(
    Array.from({ length: 1_000_000 }, (_, i) => [`#a${i}`, { resultOf: 'a', name: 'Foo/get', path: '' }]),
  );
  assert.throws(() => references({}).resolve(many), /too many references/);
  const list: JsonValue = Array.from({ length: 1000 }, () => Array.from({ length: 1000 }, () => 1));
  const wide = references({ list });
  assert.throws(() => wide.resolve({ '#x': { resultOf: 'a', name: 'Foo/get', path: '/list/*' } }), /too many values/);
});

test('ResultReferences.resolve: references that double a response end at the limit on characters', () => {
  const known = references({ text: 'x'.repeat(1000) });
  let done = 0;
  assert.throws(() => {
    for (let level = 1; level < 40; level += 1) {
      const whole = {
        resultOf: level === 1 ? 'a' : `e${level - 1}`,
        name: level === 1 ? 'Foo/get' : 'Core/echo',
        path: '',
      };
      known.add({ name: 'Core/echo', args: known.resolve({ '#b': whole, '#c': whole }), callId: `e${level}` });
      done = level;
    }
  }, /yield too much/);
  assert.ok(done > 0 && done <= 14, `${done} levels`);
});

test('jsonSize counts about what JSON takes, and stops above a bound', () => {
  const value = { list: Array.from({ length: 1000 }, (_, i) => ({ id: `E${i}`, subject: 'x'.repeat(100) })) };
  const size = jsonSize(value, 1e9);
  const { length } = JSON.stringify(value);
  assert.ok(size > length / 2 && size < length * 2, `${size} for ${length}`);
  assert.ok(jsonSize(value, 1000) > 1000);
  let deep: JsonValue = 'x';
  for (let i = 0; i < 60; i += 1) deep = { a: deep, b: deep };
  assert.ok(jsonSize(deep, 100_000) > 100_000);
});

test('ResultReferences.resolve with * gives what mapping and flattening gives', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.array(fc.integer()))), (values) => {
      const known = references({ list: values.map((value) => ({ value })) });
      const { x } = known.resolve({ '#x': { resultOf: 'a', name: 'Foo/get', path: '/list/*/value' } });
      assert.deepEqual(x, values.flat());
    }),
  );
});

for (const [value, type, limit] of [
  ['text', 'notRequest', undefined],
  [{ using: [1], methodCalls: [] }, 'notRequest', undefined],
  [{ using: [], methodCalls: {} }, 'notRequest', undefined],
  [{ using: [], methodCalls: [['a', [], 'c']] }, 'notRequest', undefined],
  [{ using: [], methodCalls: [['a', {}, 'c', 1]] }, 'notRequest', undefined],
  [{ using: [], methodCalls: [], createdIds: { a: 'not an id' } }, 'notRequest', undefined],
  [{ using: Array.from({ length: 600_000 }, () => ''), methodCalls: [] }, 'limit', 'maxValues'],
  [
    {
      using: [],
      methodCalls: [['a', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 0])), 'c']],
    },
    'limit',
    'maxMembers',
  ],
] as const) {
  test(`parseRequest: ${JSON.stringify(value).slice(0, 60)}`, async () => {
    await assert.rejects(
      parseRequest(bytes(value)),
      (error) => error instanceof RequestProblem && error.type === type && error.details['limit'] === limit,
    );
  });
}

test('parseRequest takes UTF-8 only, and names no prototype', async () => {
  await assert.rejects(parseRequest(Uint8Array.of(34, 0xff, 34)), /UTF-8/);
  const { calls } = await parseRequest(
    new TextEncoder().encode('{"using":[],"methodCalls":[["a",{"__proto__":{"x":1}},"c"]]}'),
  );
  assert.equal(new Arguments(calls[0]?.args ?? {}).has('x'), false);
});

test('Arguments: each reader refuses other types by the name of the argument, and end what is left', () => {
  const args = new Arguments({ n: -1, t: 5, d: '2026-02-30T00:00:00Z', x: 1 });
  for (const [read, name] of [
    [() => args.unsigned('n'), 'n'],
    [() => args.text('t'), 't'],
    [() => args.utcDate('d'), 'd'],
    [() => args.id('missing'), 'missing'],
    [() => args.end(), 'x'],
  ] as const)
    assert.throws(
      read,
      (error) => error instanceof MethodError && JSON.stringify(error.response['arguments']) === JSON.stringify([name]),
    );
  assert.equal(args.int('n'), -1);
  assert.equal(args.boolean('missing', true), true);
});

test('parseFilter counts nodes and levels', () => {
  const wide = { operator: 'OR', conditions: Array.from({ length: 100_000 }, () => ({})) };
  let deep: JsonObject = {};
  for (let i = 0; i < 50; i += 1) deep = { operator: 'NOT', conditions: [deep] };
  for (const filter of [wide, deep]) assert.throws(() => parseFilter(filter, (one) => one), /at most/);
});

test('IdSpace reads what it writes, and nothing else', () => {
  const space = new IdSpace('E');
  assert.equal(space.read(space.write(17)), 17);
  for (const id of ['E0', 'E017', 'e17', 'M17', 'E', 'E17 ', 'E99999999999999999'])
    assert.equal(space.read(id), null, id);
});

test('writeUtcDate and writeDate give no needless fraction and keep the zone', () => {
  assert.equal(writeUtcDate(Date.UTC(2026, 0, 1, 1, 2, 3)), '2026-01-01T01:02:03Z');
  assert.equal(writeUtcDate(Date.UTC(2026, 0, 1) + 120), '2026-01-01T00:00:00.12Z');
  assert.equal(writeDate(Date.UTC(2026, 0, 1), -90), '2025-12-31T22:30:00-01:30');
});

for (const [text, want] of [
  ['2026-01-02T03:04:05Z', [Date.UTC(2026, 0, 2, 3, 4, 5), 0]],
  ['2026-01-02T03:04:05.5Z', [Date.UTC(2026, 0, 2, 3, 4, 5, 500), 0]],
  ['2026-01-02T03:04:05+01:30', [Date.UTC(2026, 0, 2, 1, 34, 5), 90]],
  ['2026-01-02T03:04:05-00:30', [Date.UTC(2026, 0, 2, 3, 34, 5), -30]],
  ['2026-01-02T03:04:05-00:00', [Date.UTC(2026, 0, 2, 3, 4, 5), 0]],
  ['2026-02-29T03:04:05Z', null],
  ['2026-01-02T03:04:05+24:00', null],
  ['2026-01-02T03:04:05', null],
  ['2026-01-02', null],
] as const) {
  test(`parseZonedDate(${text})`, () => {
    const date = parseZonedDate(text);
    assert.deepEqual(date === null ? null : [date.ms, date.offsetMinutes], want);
  });
}
