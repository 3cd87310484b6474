import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configJsonSchema, describeConfig, parseConfigFiles } from './index.ts';
import type { ByteCount, Milliseconds } from './units.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly default?: unknown;
  readonly 'x-kind'?: string;
}

interface Setting {
  readonly path: string;
  readonly schema: Schema;
  /** Description that a reader of the reference sees: that of the list for its items. */
  readonly doc: string;
}

/** Lists the values that are numbers, or become numbers. */
function numbers(schema: Schema, path: string, doc = schema.description ?? ''): Setting[] {
  if (schema['x-kind'] !== undefined || schema.type === 'integer' || schema.type === 'number')
    return [{ path, schema, doc }];
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  return [
    ...Object.entries(properties).flatMap(([name, child]) => numbers(child, `${path}.${name}`)),
    ...(typeof additionalProperties === 'object' ? numbers(additionalProperties, `${path}.NAME`) : []),
    ...(items === undefined ? [] : numbers(items, `${path}.N`, items.properties === undefined ? doc : undefined)),
    ...[...anyOf, ...oneOf].flatMap((variant) => numbers(variant, path)),
  ];
}

/** Returns the reason why a number of the configuration does not say its unit; null when it does. */
function lackOf({ schema, doc }: Setting): string | null {
  const kind = schema['x-kind'];
  switch (kind) {
    case undefined:
      return 'is a bare number: make it with units.ts';
    case 'size':
      return doc.endsWith('Unit: KiB, MiB or GiB; bytes without one.') ? null : 'does not name the units of a size';
    case 'time span':
      return doc.endsWith('Unit: s, m, h or d.') ? null : 'does not name the units of a time span';
    case 'port':
      return /^Port\b/.test(doc) ? null : 'does not say that it is a port';
    case 'reply code':
      return doc.includes('SMTP code') ? null : 'does not say that it is a code of SMTP';
    default: {
      const counted = /^number of (\w+)$/.exec(kind)?.[1];
      return counted !== undefined && doc.toLowerCase().startsWith(counted) ? null : `does not begin with ${counted}`;
    }
  }
}

const files = ['server', 'domains', 'sendmail'] as const;

test('every number of the configuration has a unit or is a count, and its doc says which', () => {
  const settings = files.flatMap((which) => numbers(configJsonSchema(which) as Schema, which));
  assert.ok(settings.length > 30, 'numbers are not found');
  const lacking = settings.flatMap((setting) => {
    const lack = lackOf(setting);
    return lack === null ? [] : [`${setting.path} ${lack}`];
  });
  assert.deepEqual(lacking, []);
});

test('a number without a unit is found', () => {
  const inBlock = (schema: Schema): Schema => ({ type: 'object', properties: { wait: schema } });
  const lacks = (schema: Schema): (string | null)[] => numbers(inBlock(schema), 'a').map(lackOf);
  assert.deepEqual(lacks({ type: 'integer', description: 'Seconds to wait.' }), [
    'is a bare number: make it with units.ts',
  ]);
  assert.deepEqual(lacks({ type: 'string', 'x-kind': 'time span', description: 'A wait.' }), [
    'does not name the units of a time span',
  ]);
  assert.deepEqual(lacks({ type: 'integer', 'x-kind': 'number of tries', description: 'How often.' }), [
    'does not begin with tries',
  ]);
  assert.deepEqual(lacks({ type: 'array', items: { type: 'number' } }), ['is a bare number: make it with units.ts']);
});

test('sizes and time spans of a checked configuration carry their unit in their type', () => {
  const { server, domains } = parseConfigFiles(
    {
      file: 'server.yaml',
      text: 'hostname: a.example\npostmaster: ann\nlisteners: { l: { addresses: [127.0.0.1] } }\n',
    },
    { file: 'domains.yaml', text: 'domains: { a.example: {} }\naccounts: { ann: { addresses: [ann@a.example] } }\n' },
  );
  const spans: readonly Milliseconds[] = [server.queue.maxAge, ...server.queue.retryAfter.slice(0, 2)];
  const sizes: readonly (ByteCount | undefined)[] = [
    server.disk.reserve,
    server.listeners['l']?.maxMessageBytes,
    domains.accounts['ann']?.quota,
  ];
  assert.deepEqual(spans, [172_800_000, 450_000, 900_000]);
  assert.deepEqual(sizes, [8_388_608, 104_857_600, 0]);
});

test('describeConfig and the JSON Schema give defaults as they are written, with their unit', () => {
  const text = describeConfig('server');
  for (const line of [
    /^queue\.maxAge \(time span, default "2d"\)$/m,
    /^disk\.reserve \(size, default "8MiB"\)$/m,
    /^listeners\.NAME\.maxMessageBytes \(size, default "100MiB"\)$/m,
    /^transports\.NAME\.limits\.per \(time span, default "1h"\)$/m,
    /^limits\.maxConnections \(number of connections, default 2000\)$/m,
  ])
    assert.match(text, line);
  const { properties } = configJsonSchema('server') as Schema;
  assert.deepEqual(properties?.['queue']?.properties?.['retryAfter']?.default, [
    '450s',
    '15m',
    '30m',
    '1h',
    '2h',
    '4h',
    '8h',
  ]);
});
