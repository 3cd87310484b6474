import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '#lib/address';
import { FakeResolver } from '#testing/fake-resolver';
import { SenderCheck } from './sender-check.ts';

const mx = (exchange: string, preference = 10) => ({ preference, exchange });
const zone = {
  'mail.example': { A: ['192.0.2.1'] },
  'six.example': { AAAA: ['2001:db8::1'] },
  'good.example': { MX: [mx('gone.example', 5), mx('mail.example')] },
  'own.example': { A: ['192.0.2.2'] },
  'null.example': { MX: [mx('', 0)] },
  'dead.example': { MX: [mx('gone.example'), mx('empty.example')] },
  'half.example': { MX: [mx('broken.example'), mx('gone.example')] },
  'empty.example': { TXT: ['nothing here'] },
  'unlucky.example': { A: ['192.0.2.3'] },
};
const failures = { 'broken.example': 'servfail', 'MX unlucky.example': 'timeout' } as const;

async function verdict(check: Promise<unknown>): Promise<string> {
  return await check.then(
    () => 'accepted',
    (error: unknown) => String(error),
  );
}

for (const [domain, want] of [
  ['good.example', /^accepted$/],
  ['own.example', /^accepted$/],
  ['six.example', /^accepted$/],
  ['null.example', /550 5\.7\.27 .*null\.example says that it takes no mail/],
  ['nowhere.example', /550 5\.7\.27 .*nowhere\.example does not exist/],
  ['empty.example', /550 5\.7\.27 .*neither mail hosts nor addresses/],
  ['dead.example', /550 5\.7\.27 .*mail hosts without addresses/],
  [
    'half.example',
    /451 4\.4\.3 .*half\.example cannot be looked up now, please try again: the name servers failed \(SERVFAIL\)/,
  ],
  ['unlucky.example', /451 4\.4\.3 .*: no answer in time/],
  ['[192.0.2.9]', /550 5\.7\.0 /],
] as const) {
  test(`SenderCheck.checkSender: someone@${domain}`, async () => {
    const address = parseAddress(`someone@${domain}`);
    assert.ok(address.ok);
    const check = new SenderCheck(new FakeResolver(zone, { failures }));
    const checked = Promise.try(() => check.checkSender(address.value, () => false));
    assert.match(await verdict(checked), want);
  });
}

for (const [name, form, want] of [
  ['mail.example', 'domain', /^accepted$/],
  ['six.example', 'domain', /^accepted$/],
  ['broken.example', 'domain', /^accepted$/],
  ['gone.example', 'domain', /550 5\.5\.0 .*gone\.example has no address/],
  ['empty.example', 'domain', /550 5\.5\.0 /],
  ['[192.0.2.1]', 'literal', /^accepted$/],
] as const) {
  test(`SenderCheck.checkHelo: ${name}`, async () => {
    const check = new SenderCheck(new FakeResolver(zone, { failures }));
    assert.match(await verdict(check.checkHelo({ verb: 'HELO', name, form })), want);
  });
}
