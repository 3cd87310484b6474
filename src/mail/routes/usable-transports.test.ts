import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFiles } from '#mail/config';
import { usableTransports } from './index.ts';

const server = (routes: string): string => `
hostname: mail.example.org
postmaster: ann
listeners: {}
transports: { a: { kind: fail }, b: { kind: fail }, c: { kind: fail }, d: { kind: fail } }
routes: [${routes}]
`;

for (const [what, global, ofDomain, ofAnn, ofBob, want] of [
  ['none', '', '', '', '', []],
  ['global ones', '{ transport: a }', '', '', '', ['a']],
  ['another sender', '{ fromDomain: [x.example], transport: a }, { transport: b }', '', '', '', ['b']],
  [
    'all up to the first that takes everything',
    '{ toDomain: [x.example], transport: a }, { transport: b }, { transport: c }',
    '',
    '',
    '',
    ['a', 'b'],
  ],
  ['later attempts', '{ minimumAttempts: 3, transport: a }, { transport: b }', '', '', '', ['a', 'b']],
  ['the domain comes first', '{ transport: a }', '{ transport: b }', '', '', ['b']],
  ['accounts of the domain besides', '{ transport: a }', '', '{ transport: c }', '{ transport: d }', ['c', 'a']],
] as const) {
  test(`usableTransports: ${what}`, () => {
    const domains = `domains: { example.org: { routes: [${ofDomain}] }, other.example: {} }
accounts:
  ann: { addresses: [ann@Example.org], routes: [${ofAnn}] }
  bob: { addresses: [bob@other.example], routes: [${ofBob}] }
`;
    const config = parseConfigFiles(
      { file: 'server.yaml', text: server(global) },
      { file: 'domains.yaml', text: domains },
    );
    assert.deepEqual([...usableTransports(config, 'example.org')], want);
  });
}
