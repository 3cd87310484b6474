import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverFileProblems } from '#testing/config-problems';

function problemsOf(settings: string): string[] {
  const text = `hostname: mail.example.org
postmaster: ann
listeners:
  public:
    addresses: ['192.0.2.1']
    http: { allowPlaintextAuth: true }
${settings}
`;
  return serverFileProblems(text);
}

const listener = (line: string): string => `    ${line}`;
const networkFix = 'Write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32';

for (const [settings, want] of [
  [listener("proxyProtocolFrom: [192.0.2.7, 10.0.0.0/8, '2001:db8::/32']"), null],
  [listener('https: { enabled: false, forwarded: { from: [192.0.2.7] } }'), null],
  [
    listener('proxyProtocolFrom: [192.0.2.7, proxy.example.org]'),
    `server.yaml:7:36: listeners.public.proxyProtocolFrom.1: bad IPv4 address. ${networkFix}`,
  ],
  [
    listener('proxyProtocolFrom: [192.0.2.0/33]'),
    `server.yaml:7:25: listeners.public.proxyProtocolFrom.0: prefix longer than 32 bits. ${networkFix}`,
  ],
  [
    listener('proxyProtocolFrom: [0.0.0.0/0]'),
    'server.yaml:7:25: listeners.public.proxyProtocolFrom.0: would let every client claim any address. Write the addresses of your proxies',
  ],
  [
    listener("https: { enabled: false, forwarded: { from: ['::/0'] } }"),
    'server.yaml:7:50: listeners.public.https.forwarded.from.0: would let every client claim any address. Write the addresses of your proxies',
  ],
  [listener('https: { enabled: false, forwarded: { from: [] } }'), /forwarded\.from: /],
  [listener('https: { enabled: false, forwarded: { from: [192.0.2.7], header: via } }'), /forwarded\.header: /],
  ['securityTxt: { contact: ["mailto:security@example.org"] }', null],
  ['securityTxt: { contact: [] }', /securityTxt\.contact: /],
  [
    'securityTxt: { contact: [security@example.org] }',
    'server.yaml:7:26: securityTxt.contact.0: is not such an address. Write mailto:security@example.org, https://example.org/report or tel:+1-201-555-0123',
  ],
  ['securityTxt: { contact: ["mailto:a@b\\nExpires: x"] }', /securityTxt\.contact\.0: is not such an address/],
  ['securityTxt: { contact: ["http://example.org/"] }', /securityTxt\.contact\.0: is not such an address/],
  ['securityTxt: { contact: ["tel:+1"], policy: "http://example.org" }', /securityTxt\.policy: is not such an address/],
] as const) {
  test(`parseServerFile: ${settings.trim()} ${want === null ? 'is right' : 'is reported'}`, () => {
    const problems = problemsOf(settings);
    if (want === null) assert.deepEqual(problems, []);
    else if (typeof want === 'string') assert.deepEqual(problems, [want]);
    else assert.match(problems.join('\n'), want);
  });
}
