import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { parseCommand } from '#lib/smtp';
import { parseConfigFiles } from '#mail/config';
import { Directory } from '#mail/directory';
import { Notify } from '#mail/queue';
import { newRecipients } from './new-recipients.ts';

const config = parseConfigFiles(
  { file: 'server.yaml', text: 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n' },
  {
    file: 'domains.yaml',
    text: `
domains:
  example.org: {}
  strict.example: { localpartCaseSensitive: true }
accounts:
  ann: { addresses: [ann@example.org] }
`,
  },
);

const deps = { directory: Directory.of(config), hostname: 'mail.example.org' };

/** Queues recipients given as arguments of RCPT TO; shows `address notify`, notify left out when 0. */
function queued(...lines: string[]): string[] {
  const recipients = lines.map((line) => {
    const parsed = parseCommand(`RCPT TO:${line}`);
    assert.ok(parsed.ok && parsed.value.verb === 'RCPT', line);
    return { address: parsed.value.to, parameters: parsed.value.parameters };
  });
  return newRecipients(recipients, deps).map(({ address, notify = 0 }) =>
    notify === 0 ? writeAddress(address) : `${writeAddress(address)} ${notify}`,
  );
}

for (const [what, given, want] of [
  ['the same address', ['<a@x.example>', '<b@x.example>', '<a@x.example>'], ['a@x.example', 'b@x.example']],
  ['domains in another case', ['<a@x.example>', '<a@X.EXAMPLE>', '<a@x.example.>'], ['a@x.example']],
  ['a domain as U-label and A-label', ['<a@bücher.example>', '<a@xn--bcher-kva.example>'], ['a@xn--bcher-kva.example']],
  ['quotes that are not needed', ['<"a"@x.example>', '<a@x.example>'], ['a@x.example']],
  [
    'localparts of others, which may differ by case',
    ['<a@x.example>', '<A@x.example>'],
    ['a@x.example', 'A@x.example'],
  ],
  ['localparts of ours in another case', ['<Ann@example.org>', '<ann@example.org>'], ['Ann@example.org']],
  [
    'a domain of ours where case matters',
    ['<A@strict.example>', '<a@strict.example>'],
    ['A@strict.example', 'a@strict.example'],
  ],
  [
    'details, which matter to filters',
    ['<ann+a@example.org>', '<ann+b@example.org>'],
    ['ann+a@example.org', 'ann+b@example.org'],
  ],
  ['the bare postmaster', ['<postmaster>', '<Postmaster>'], ['postmaster@mail.example.org']],
  ['NOTIFY of both', ['<a@x.example> NOTIFY=NEVER', '<a@x.example> NOTIFY=SUCCESS'], [`a@x.example ${Notify.Success}`]],
  [
    'NOTIFY and none',
    ['<a@x.example> NOTIFY=SUCCESS', '<a@x.example>'],
    [`a@x.example ${Notify.Success | Notify.Failure | Notify.Delay}`],
  ],
  ['NEVER twice', ['<a@x.example> NOTIFY=NEVER', '<a@x.example> NOTIFY=NEVER'], [`a@x.example ${Notify.Never}`]],
] as const) {
  test(`newRecipients: ${what}`, () => assert.deepEqual(queued(...given), want));
}
