import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeResolver } from '#testing/fake-resolver';
import { evaluateSpf } from './spf.ts';

const txt = (text: string) => ({ TXT: [text] });
const chain = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`c${i}.example`, txt(`v=spf1 include:c${i + 1}.example -all`)]),
);
const resolver = new FakeResolver(
  {
    ...chain,
    'ip.example': txt('v=spf1 ip4:192.0.2.0/25 ip6:2001:db8::/32 -all'),
    'a.example': { ...txt('v=spf1 a/24 ?all'), A: ['192.0.2.200'], AAAA: ['2001:db8::5'] },
    'mx.example': { ...txt('v=spf1 mx:a.example ~mx ~all'), MX: [{ preference: 1, exchange: 'a.example' }] },
    'include.example': txt('v=spf1 include:ip.example ~all'),
    'redirect.example': txt('v=spf1 redirect=ip.example'),
    'nowhere.example': txt('v=spf1 redirect=gone.example'),
    'lost.example': txt('v=spf1 include:gone.example -all'),
    'loop.example': txt('v=spf1 include:loop.example -all'),
    'macro.example': txt('v=spf1 exists:%{i}.x.example include:%{d}.y.example ptr ip4:192.0.2.1 -all'),
    'open.example': txt('v=spf1'),
    'wrong.example': txt('v=spf1 ip4:192.0.2.300 -all'),
    'typo.example': txt('v=spf1 ipv4:192.0.2.1 -all'),
    'late.example': txt('v=spf1 ip4:192.0.2.1 include: -all'),
    'again.example': txt('v=spf1 ip4:192.0.2.1 redirect=a.example redirect=ip.example'),
    'void.example': txt('v=spf1 a:x.gone.example a:y.gone.example mx:z.gone.example ip4:192.0.2.1 -all'),
    'half.example': txt('v=spf1 a:x.gone.example a:y.gone.example ip4:192.0.2.1 -all'),
    'two.example': { TXT: ['v=spf1 -all', 'v=spf1 +all'] },
    'none.example': txt('v=spf10 -all'),
    'shaky.example': txt('v=spf1 include:down.example -all'),
  },
  { failures: { 'down.example': 'servfail' } },
);

for (const [ip, domain, want] of [
  ['192.0.2.1', 'ip.example', 'pass ip4:192.0.2.0/25 in ip.example'],
  ['192.0.2.128', 'ip.example', 'fail -all in ip.example'],
  ['2001:db8:ffff::1', 'ip.example', 'pass ip6:2001:db8::/32 in ip.example'],
  ['192.0.2.1', 'a.example', 'pass a/24 in a.example'],
  ['2001:db8::6', 'a.example', 'neutral ?all in a.example'],
  ['192.0.2.200', 'mx.example', 'softfail ~mx in mx.example'],
  ['192.0.2.1', 'include.example', 'pass include:ip.example in include.example'],
  ['198.51.100.1', 'include.example', 'softfail ~all in include.example'],
  ['192.0.2.1', 'redirect.example', 'pass ip4:192.0.2.0/25 in ip.example'],
  ['192.0.2.1', 'nowhere.example', 'permerror redirect=gone.example in nowhere.example: no SPF record there'],
  ['192.0.2.1', 'lost.example', 'permerror include:gone.example: gone.example has no SPF record'],
  ['192.0.2.1', 'loop.example', 'permerror the record needs more than 10 look-ups (RFC 7208 section 4.6.4)'],
  ['192.0.2.1', 'c0.example', 'permerror the record needs more than 10 look-ups (RFC 7208 section 4.6.4)'],
  ['192.0.2.1', 'macro.example', 'pass ip4:192.0.2.1 in macro.example'],
  ['192.0.2.1', 'open.example', 'neutral no term of the record matches'],
  ['192.0.2.1', 'wrong.example', 'permerror ip4:192.0.2.300 is no network'],
  ['192.0.2.1', 'typo.example', 'permerror ipv4:192.0.2.1 in the record of typo.example is no SPF term'],
  ['192.0.2.1', 'late.example', 'permerror include without a name in the record of late.example'],
  ['192.0.2.1', 'again.example', 'permerror redirect comes twice in the record of again.example'],
  ['192.0.2.1', 'void.example', 'permerror more than 2 names in it lead to nothing (RFC 7208 section 4.6.4)'],
  ['192.0.2.1', 'half.example', 'pass ip4:192.0.2.1 in half.example'],
  ['192.0.2.1', 'two.example', 'permerror two.example has 2 SPF records'],
  ['192.0.2.1', 'none.example', 'none none.example has no SPF record'],
  ['192.0.2.1', 'shaky.example', 'temperror the record of down.example could not be looked up'],
] as const) {
  test(`evaluateSpf: ${ip} for ${domain}`, async () => {
    const { result, matched, reason } = await evaluateSpf(ip, domain, resolver);
    assert.equal(`${result} ${matched ?? reason ?? ''}`, want);
  });
}
