import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFiles } from '#mail/config';
import { decideRoute, describeDecision, routingTable } from '#mail/routes';
import { KeptRouting } from './kept-routing.ts';

test('KeptRouting: mail for other domains ends here, and the table stays one object', () => {
  const server = 'hostname: localhost\npostmaster: ann\nlisteners: {}\n';
  const domains = 'domains: { localhost: {} }\naccounts: { ann: { addresses: [ann@localhost] } }\n';
  const config = parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
  let table = routingTable(config);
  const kept = new KeptRouting({
    table: () => table,
    knownAccount: () => 'ann',
    findAccount: () => Promise.resolve('ann'),
  });
  const question = { account: null, senderDomain: null, recipientDomain: 'x.example', attempts: 0 };
  assert.deepEqual(describeDecision(decideRoute(question, kept.table())), [
    'to this server itself: a development server sends nothing to the network; otherwise no route matches',
  ]);
  const first = kept.table();
  assert.equal(kept.table(), first);
  table = routingTable(config);
  assert.notEqual(kept.table(), first);
});
