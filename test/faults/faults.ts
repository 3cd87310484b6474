import type { FakeFailure, FakeZone } from '#testing/fake-resolver';
import type { HostNature, Misdeed, Stage } from './misdeeds.ts';

/** A message that not every host takes. */
export interface UnusualMessage {
  readonly recipient?: string;
  readonly line?: string;
  /** An address in its header needs SMTPUTF8. */
  readonly smtputf8?: boolean;
}

/** One thing that goes wrong. */
export interface Fault {
  /** Heading of the part of the table that it is in. */
  readonly group: string;
  readonly title: string;
  readonly nature: HostNature;
  readonly misdeed: { readonly stage: Stage; readonly how: Misdeed } | null;
  /** Settings of the transport that all mail takes; none when left out. */
  readonly transport?: string;
  /** Length of the content; one line when left out. */
  readonly lines?: number;
  /** Extensions that the host does not offer. */
  readonly lacks?: readonly ('8BITMIME' | 'SMTPUTF8')[];
  /** The message, where it is not one of ASCII to an ASCII address. */
  readonly message?: UnusualMessage;
  /** Queries that fail, as `FakeResolver` takes them. */
  readonly dns?: Readonly<Record<string, FakeFailure>>;
  /** Records in place of the right ones. */
  readonly zone?: FakeZone;
  /** Names whose answers are DNSSEC-authentic. */
  readonly authentic?: readonly string[];
  /** Text of the domain's MTA-STS policy. */
  readonly stsPolicy?: string;
  /** Answers of a SOCKS proxy, one message each. */
  readonly proxyAnswers?: readonly (readonly number[])[];
}

const plain: HostNature = { offers: [] };
const withTls: HostNature = { offers: ['STARTTLS'] };
const service: HostNature = { offers: ['STARTTLS', 'AUTH PLAIN'] };
const quick: HostNature = { offers: ['PIPELINING', 'CHUNKING'] };
const piped: HostNature = { offers: ['PIPELINING'] };
const says = (bytes: string, ends = false): Misdeed => ({ kind: 'says', bytes, ends });

/** Misdeeds that may come in place of any reply. */
const anywhere: readonly (readonly [string, Misdeed])[] = [
  ['dies in place of its reply', { kind: 'dies' }],
  ['says 450', says('450 4.3.2 not now\r\n')],
  ['says 550', says('550-5.7.1 never\r\n550 5.7.1 ask postmaster\r\n')],
  ['says 421 and hangs up', says('421 4.3.2 closing\r\n', true)],
  ['is silent', { kind: 'silent' }],
  ['sends one byte a minute, without end', { kind: 'drips' }],
  ['dies in the middle of its reply', says('25', true)],
  ['dies between the lines of its reply', says('250-2.0.0 one\r\n', true)],
  ['says what is no reply', says('hello there\r\n')],
  ['says a line of 5000 bytes', says(`250 ${'x'.repeat(5000)}\r\n`)],
  ['says a reply of 1000 lines', says('250-more\r\n'.repeat(1000))],
  ['changes the code within a reply', says('250-2.0.0 yes\r\n550 5.0.0 no\r\n')],
];

const dieAfter: readonly [string, Misdeed] = ['dies after its reply', { kind: 'dies-after' }];

function at(
  stage: Stage,
  nature: HostNature,
  list: readonly (readonly [string, Misdeed])[],
  more: Partial<Fault> = {},
): Fault[] {
  return list.map(([what, how]) => ({
    group: groupOf(stage),
    title: what,
    nature,
    misdeed: { stage, how },
    ...more,
  }));
}

function groupOf(stage: Stage): string {
  switch (stage) {
    case 'connection':
      return 'Connecting';
    case 'greeting':
      return 'The greeting';
    case 'handshake':
      return 'The TLS handshake';
    case 'every reply':
      return 'Every reply';
    case 'content':
      return 'While the content is sent';
    case 'end of content':
      return 'The reply to the content';
    case 'BDAT':
      return 'The reply to BDAT, which comes with the whole message';
    default:
      return `The reply to ${stage}`;
  }
}

const submission = 'kind: submission, host: relay.example, auth: { user: u, password: p, mechanisms: [PLAIN] }';
const relay = 'kind: smtp, host: relay.example';

const connecting: Fault[] = at('connection', plain, [
  ['is down', { kind: 'refuses', reason: 'connection refused' }],
  ['does not answer', { kind: 'silent' }],
]);

const tls: Fault[] = [
  ...at('STARTTLS', withTls, [
    ...anywhere,
    ['says more than its reply', says('220 2.0.0 go ahead\r\n250 2.0.0 and more\r\n')],
  ]),
  ...at('handshake', withTls, [
    ['sends an alert', { kind: 'alert' }],
    ['dies', { kind: 'dies' }],
    ['is silent', { kind: 'silent' }],
    ['has a wrong certificate', { kind: 'bad-certificate' }],
  ]),
  ...at('EHLO after TLS', withTls, anywhere),
];

const demanded = 'TLS that is demanded';
const enforce = 'version: STSv1\nmode: enforce\nmx: *.example\nmax_age: 86400\n';
const sts: Partial<Fault> = {
  group: demanded,
  stsPolicy: enforce,
  zone: { '_mta-sts.far.example': { TXT: ['v=STSv1; id=1;'] } },
};
/** DNSSEC says that the host has another key than any. */
const dane: Partial<Fault> = {
  group: demanded,
  authentic: ['*'],
  zone: { '_25._tcp.mx1.example': { TLSA: [{ usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) }] } },
};
const demandedTls: Fault[] = [
  ...at('handshake', withTls, [['a relay with tls: verified has a wrong certificate', { kind: 'bad-certificate' }]], {
    group: demanded,
    transport: relay,
  }),
  ...at(
    'handshake',
    { offers: [], immediateTls: true },
    [['a submissions service has a wrong certificate', { kind: 'bad-certificate' }]],
    { group: demanded, transport: 'kind: submissions, host: relay.example' },
  ),
  ...at('handshake', withTls, [['a relay with tls: unverified has a wrong certificate', { kind: 'bad-certificate' }]], {
    group: demanded,
    transport: `${relay}, tls: unverified`,
  }),
  ...at('handshake', withTls, [['a relay with tls: verified sends an alert', { kind: 'alert' }]], {
    group: demanded,
    transport: relay,
  }),
  ...at(
    'STARTTLS',
    withTls,
    [['a relay with tls: verified refuses STARTTLS with 454', says('454 4.7.0 no TLS now\r\n')]],
    {
      group: demanded,
      transport: relay,
    },
  ),
  ...at('STARTTLS', withTls, [['a relay with tls: verified refuses STARTTLS with 550', says('550 5.7.0 no TLS\r\n')]], {
    group: demanded,
    transport: relay,
  }),
  {
    group: demanded,
    title: 'a relay with tls: verified does not offer STARTTLS',
    nature: withTls,
    misdeed: { stage: 'EHLO', how: says('250 relay.example\r\n') },
    transport: relay,
  },
  ...at(
    'handshake',
    withTls,
    [['MTA-STS is enforced, and the certificate is wrong', { kind: 'bad-certificate' }]],
    sts,
  ),
  ...at('handshake', withTls, [['MTA-STS is enforced, and the host sends an alert', { kind: 'alert' }]], sts),
  ...at('EHLO', withTls, [['MTA-STS is enforced, and STARTTLS is not offered', says('250 mx1.example\r\n')]], sts),
  ...at('handshake', withTls, [['DANE names another key than the host has', { kind: 'bad-certificate' }]], dane),
  ...at(
    'STARTTLS',
    withTls,
    [['DANE is there, and STARTTLS is refused with 454', says('454 4.7.0 no TLS now\r\n')]],
    dane,
  ),
  ...at('EHLO', withTls, [['DANE is there, and STARTTLS is not offered', says('250 mx1.example\r\n')]], dane),
];

const login: Fault[] = at('AUTH', service, [...anywhere, ['says 535: wrong password', says('535 5.7.8 wrong\r\n')]], {
  transport: submission,
});

const content: Fault[] = [
  ...at(
    'content',
    plain,
    [
      ['dies', { kind: 'dies' }],
      ['reads no more', { kind: 'silent' }],
      ['says 452 and hangs up', says('452 4.3.1 no room\r\n', true)],
      ['says 552 and hangs up', says('552 5.3.4 too large\r\n', true)],
    ],
    { lines: 60_000 },
  ),
  ...at(
    'content',
    plain,
    [['takes a piece of it every 150 seconds, for 20 minutes', { kind: 'takes-slowly', ms: 150_000 }]],
    {
      lines: 60_000,
    },
  ),
  ...at(
    'content',
    plain,
    [['takes a piece of it every 150 seconds, for hours', { kind: 'takes-slowly', ms: 150_000 }]],
    {
      lines: 600_000,
    },
  ),
  ...at('end of content', plain, [...anywhere, dieAfter, ['says 354 again', says('354 more\r\n')]]),
  ...at('BDAT', quick, [...anywhere.slice(0, 8), dieAfter]),
];

const pipelining: Fault[] = (
  [
    ['MAIL', quick],
    ['RCPT', quick],
    ['DATA', piped],
  ] as const
).flatMap(([stage, nature]) =>
  at(stage, nature, anywhere.slice(0, 8), { group: `With PIPELINING: the reply to ${stage}` }),
);

const goodbye: Fault[] = at('QUIT', plain, [
  anywhere[0] ?? dieAfter,
  anywhere[2] ?? dieAfter,
  ['is silent', { kind: 'silent' }],
  ['says what is no reply', says('hello\r\n')],
]);

const dnsFault = (title: string, more: Partial<Fault>): Fault => ({
  group: 'DNS',
  title,
  nature: plain,
  misdeed: null,
  ...more,
});

const dns: Fault[] = [
  ...(['servfail', 'timeout', 'unavailable', 'bogus', 'refused'] as const).map((why) =>
    dnsFault(`MX records: ${why}`, { dns: { 'MX far.example': why } }),
  ),
  dnsFault('the domain does not exist', { zone: { 'far.example': undefined as never } }),
  dnsFault('the domain takes no mail (null MX)', {
    zone: { 'far.example': { MX: [{ preference: 0, exchange: '' }] } },
  }),
  dnsFault('the domain has neither MX records nor addresses', { zone: { 'far.example': { TXT: ['x'] } } }),
  ...(['servfail', 'timeout', 'bogus'] as const).map((why) =>
    dnsFault(`addresses of the first host: ${why}`, { dns: { 'mx1.example': why } }),
  ),
  dnsFault('addresses of a relay: servfail', { dns: { 'relay.example': 'servfail' }, transport: relay }),
  dnsFault('the first host does not exist', { zone: { 'mx1.example': undefined as never } }),
  dnsFault('IPv6 addresses of the first host: servfail', { dns: { 'AAAA mx1.example': 'servfail' } }),
  ...(['servfail', 'timeout', 'bogus'] as const).map((why) =>
    dnsFault(`TLSA records of the first host, whose address is signed: ${why}`, {
      dns: { '_25._tcp.mx1.example': why },
      authentic: ['far.example', 'mx1.example'],
      nature: withTls,
    }),
  ),
];

/** Answers of a proxy that wants no login and does not connect us (RFC 1928 §6). */
const refusal = (code: number): number[][] => [
  [5, 0],
  [5, code, 0, 1, 0, 0, 0, 0, 0, 0],
];

const socks: Fault[] = (
  [
    ['general failure', refusal(1)],
    ['not allowed by its rules', refusal(2)],
    ['network unreachable', refusal(3)],
    ['host unreachable', refusal(4)],
    ['connection refused', refusal(5)],
    ['TTL expired', refusal(6)],
    ['CONNECT not supported', refusal(7)],
    ['address type not supported', refusal(8)],
    ['wants a login', [[5, 255]]],
    ['ends the connection', []],
    [
      'ends the connection in the middle of its answer',
      [
        [5, 0],
        [5, 0],
      ],
    ],
    ['is no SOCKS proxy', [[72, 84, 84, 80]]],
  ] as const
).map(([title, proxyAnswers]) => ({
  group: 'Through a SOCKS5 proxy, whose answer about the first host is',
  title,
  nature: plain,
  misdeed: null,
  transport: 'kind: socks, host: 127.0.0.1',
  proxyAnswers,
}));

const lackingGroup = 'A host that does not offer what the message needs';
const lacking = (title: string, lacks: Fault['lacks'], message: UnusualMessage): Fault => ({
  group: lackingGroup,
  title,
  nature: plain,
  misdeed: null,
  lacks: lacks ?? [],
  message,
});

// The queue marks messages only when an address in their header needs it; submission has encoded all else (RFC 6531 §3.4).
const notOffered: Fault[] = [
  lacking('SMTPUTF8, and the address needs it', ['SMTPUTF8'], { recipient: 'grüße@far.example' }),
  lacking('SMTPUTF8, and an address in the header needs it', ['SMTPUTF8'], { smtputf8: true }),
  lacking('8BITMIME, and the body is in UTF-8', ['8BITMIME'], { line: 'Grüße' }),
  ...at('EHLO', plain, [['SIZE 10, and the message is larger', says('250-mx1.example\r\n250 SIZE 10\r\n')]], {
    group: lackingGroup,
  }),
];

/** Every row of the table, in its order. */
export const faults: readonly Fault[] = [
  ...dns,
  ...connecting,
  ...at('greeting', plain, [...anywhere, dieAfter]),
  ...at('EHLO', plain, [...anywhere, dieAfter, ['says 502, and knows HELO', says('502 5.5.1 what?\r\n')]]),
  ...tls,
  ...demandedTls,
  ...login,
  ...at('MAIL', plain, [...anywhere, dieAfter]),
  ...at('RCPT', plain, [...anywhere, dieAfter]),
  ...at('DATA', plain, [...anywhere, dieAfter, ['says 250', says('250 2.0.0 yes\r\n')]]),
  ...content,
  ...pipelining,
  ...at('every reply', plain, [['comes after four minutes', { kind: 'late', ms: 240_000 }]]),
  ...goodbye,
  ...notOffered,
  ...socks,
];
