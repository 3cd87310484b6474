import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseConfigFiles } from '#mail/config';
import { comparableDomain } from './domain-pattern.ts';
import { decideRoute, describeDecision, routingTable } from './index.ts';
import type { RouteQuestion } from './types.ts';

const serverText = `
hostname: mail.example.org
postmaster: alice
listeners: {}
transports:
  relay: { kind: smtp, host: relay.example }
  third: { kind: submission, host: smtp.third.example, auth: { user: x, password: y } }
  tor: { kind: socks, host: 127.0.0.1 }
  six: { kind: direct, ipv4: false }
  never: { kind: fail, code: 451, text: not now }
routes:
  - { toDomain: [.onion.example], transport: tor }
  - { toDomain: ['[192.0.2.9]'], transport: never }
  - { minimumAttempts: 3, transport: third }
`;
const domainsText = `
domains:
  example.org:
    routes:
      - { toDomain: [partner.example, bücher.example], transport: relay }
      - { fromDomain: [.example.org], toDomain: [six.example], transport: six }
  Plain.example: {}
accounts:
  alice:
    addresses: [alice@example.org]
    routes:
      - { fromDomain: [plain.example], transport: never }
      - { toDomain: [partner.example], minimumAttempts: 1, transport: direct }
      - { toDomain: [constructor.example], transport: tor }
  bob: {}
`;

const table = tableOf(serverText);

function tableOf(server: string) {
  return routingTable(
    parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domainsText }),
  );
}

/** `account sender recipientDomain attempts [transport]`; `-` is null or empty. */
function question(text: string): RouteQuestion {
  const [account = '', sender = '', recipientDomain = '', attempts = '0', transport] = text.split(' ');
  return {
    account: account === '-' ? null : account,
    senderDomain: sender === '-' ? null : comparableDomain(sender.slice(sender.lastIndexOf('@') + 1)),
    recipientDomain: comparableDomain(recipientDomain),
    attempts: Number(attempts),
    ...(transport !== undefined && { transport }),
  };
}

for (const [given, want] of [
  ['alice alice@example.org x.example 0', 'direct, to the hosts of x.example: no route matches'],
  ['alice alice@example.org example.org 0', 'to this server itself: the domain is one of ours'],
  ['alice alice@example.org PLAIN.Example 9', 'to this server itself: the domain is one of ours'],
  [
    'alice alice@example.org partner.example 0',
    'by transport relay, to relay.example port 25: domains.example.org.routes.0 in domains.yaml matches',
  ],
  [
    'alice alice@example.org partner.example 1',
    'direct, to the hosts of partner.example: accounts.alice.routes.1 in domains.yaml matches',
  ],
  [
    'bob bob@EXAMPLE.org partner.example 1',
    'by transport relay, to relay.example port 25: domains.example.org.routes.0 in domains.yaml matches',
  ],
  ['bob bob@sub.example.org partner.example 1', 'direct, to the hosts of partner.example: no route matches'],
  [
    'bob bob@example.org BÜCHER.example 0',
    'by transport relay, to relay.example port 25: domains.example.org.routes.0 in domains.yaml matches',
  ],
  [
    'bob bob@example.org xn--bcher-kva.example 0',
    'by transport relay, to relay.example port 25: domains.example.org.routes.0 in domains.yaml matches',
  ],
  ['bob bob@example.org sub.partner.example 0', 'direct, to the hosts of sub.partner.example: no route matches'],
  [
    'bob bob@example.org six.example 0',
    'by transport six, to the hosts of six.example: domains.example.org.routes.1 in domains.yaml matches',
  ],
  [
    'alice alice@plain.example six.example 0',
    'by transport never, which fails with 451 not now: accounts.alice.routes.0 in domains.yaml matches',
  ],
  [
    'alice alice@example.org constructor.example 0',
    'by transport tor, to the hosts of constructor.example through the SOCKS proxy 127.0.0.1 port 1080: accounts.alice.routes.2 in domains.yaml matches',
  ],
  [
    'nobody x@example.net onion.example 0',
    'by transport tor, to the hosts of onion.example through the SOCKS proxy 127.0.0.1 port 1080: routes.0 in server.yaml matches',
  ],
  [
    '- - a.b.Onion.example 0',
    'by transport tor, to the hosts of a.b.onion.example through the SOCKS proxy 127.0.0.1 port 1080: routes.0 in server.yaml matches',
  ],
  ['- - notonion.example 2', 'direct, to the hosts of notonion.example: no route matches'],
  ['- - notonion.example 3', 'by transport third, to smtp.third.example port 587: routes.2 in server.yaml matches'],
  ['- - [192.0.2.9] 0', 'by transport never, which fails with 451 not now: routes.1 in server.yaml matches'],
  ['- - [IPv6:2001:db8::1] 0', 'direct, to the hosts of [ipv6:2001:db8::1]: no route matches'],
  [
    'alice alice@example.org partner.example 5 never',
    'by transport never, which fails with 451 not now: an operator set the transport never',
  ],
  [
    'alice alice@example.org partner.example 0 direct',
    'direct, to the hosts of partner.example: an operator set the transport direct',
  ],
  ['alice alice@example.org example.org 0 direct', 'to this server itself: an operator set the transport direct'],
  ['alice alice@example.org x.example 0 gone', 'nowhere for now: an operator set the transport gone'],
] as const) {
  test(`decideRoute ${given}`, () => {
    assert.equal(describeDecision(decideRoute(question(given), table))[0], want);
  });
}

const local = { ...table, keptHere: 'nothing goes to the network today' };
for (const [given, want] of [
  [
    'bob bob@example.org x.example 0',
    'to this server itself: nothing goes to the network today; otherwise no route matches',
  ],
  [
    'bob bob@example.org partner.example 0',
    'to this server itself: nothing goes to the network today; otherwise domains.example.org.routes.0 in domains.yaml matches',
  ],
  ['bob bob@example.org example.org 0', 'to this server itself: the domain is one of ours'],
  [
    'alice alice@plain.example x.example 0',
    'by transport never, which fails with 451 not now: accounts.alice.routes.0 in domains.yaml matches',
  ],
] as const) {
  test(`decideRoute where all mail is kept: ${given}`, () => {
    assert.equal(describeDecision(decideRoute(question(given), local))[0], want);
  });
}

test('describeDecision: every rule that was asked before, and why it did not match', () => {
  assert.deepEqual(describeDecision(decideRoute(question('alice alice@example.org elsewhere.example 2'), table)), [
    'direct, to the hosts of elsewhere.example: no route matches',
    'not accounts.alice.routes.0 in domains.yaml: the sender is not in plain.example',
    'not accounts.alice.routes.1 in domains.yaml: the recipient is not in partner.example',
    'not accounts.alice.routes.2 in domains.yaml: the recipient is not in constructor.example',
    'not domains.example.org.routes.0 in domains.yaml: the recipient is not in partner.example, bücher.example',
    'not domains.example.org.routes.1 in domains.yaml: the recipient is not in six.example',
    'not routes.0 in server.yaml: the recipient is not in .onion.example',
    'not routes.1 in server.yaml: the recipient is not in [192.0.2.9]',
    'not routes.2 in server.yaml: only from attempt 4 on',
  ]);
});

test('describeDecision: long lists are cut', () => {
  const decision = decideRoute(question('- - x.example 0'), table);
  const [considered] = decision.passedOver;
  assert.ok(considered !== undefined);
  const passedOver = [{ ...considered, wanted: ['a', 'b', 'c', 'd', 'e', 'f'] }];
  assert.equal(
    describeDecision({ ...decision, passedOver })[1],
    'not routes.0 in server.yaml: the recipient is not in a, b, c, d and 2 more',
  );
});

interface NaiveRule {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly attempts: number;
  /** The account it is for; empty for all. */
  readonly only: string;
  readonly transport: string;
}

test('decideRoute: any question has one answer, and the first rule that a naive reading finds', () => {
  const rules: readonly NaiveRule[] = [
    { from: ['plain.example'], to: [], attempts: 0, only: 'alice', transport: 'never' },
    { from: [], to: ['partner.example'], attempts: 1, only: 'alice', transport: 'direct' },
    { from: [], to: ['onion.example', 'a.onion.example'], attempts: 0, only: '', transport: 'tor' },
    { from: [], to: [], attempts: 3, only: '', transport: 'third' },
  ];
  const domain = fc.constantFrom('plain.example', 'partner.example', 'a.onion.example', 'onion.example', 'x.example');
  const given = fc.record({
    account: fc.constantFrom('alice', 'bob', null),
    from: fc.constantFrom('plain.example', 'x.example'),
    recipientDomain: domain.filter((name) => name !== 'plain.example'),
    attempts: fc.nat(5),
  });
  fc.assert(
    fc.property(given, ({ account, from, recipientDomain, attempts }) => {
      const rule = rules.find(
        ({ from: senders, to, attempts: least, only }) =>
          (only === '' || only === account) &&
          (senders.length === 0 || senders.includes(from)) &&
          (to.length === 0 || to.includes(recipientDomain)) &&
          attempts >= least,
      );
      const { target } = decideRoute({ account, senderDomain: from, recipientDomain, attempts }, table);
      assert.equal(target.kind === 'transport' ? target.name : target.kind, rule?.transport ?? 'direct');
    }),
    { seed: 20260112, numRuns: 200 },
  );
});
