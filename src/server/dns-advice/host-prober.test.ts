import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeSelfSigned } from '#host/certificates';
import { systemClock } from '#host/clock';
import { listen, nodeDialer, tlsContext } from '#host/net';
import { systemRandom } from '#host/random';
import { tlsaForCertificate } from '#lib/dane';
import { checkDomain, type DomainFacts, type HostProbe } from '#mail/dns-advice';
import type { Channel } from '#ports/channel';
import type { Clock } from '#ports/clock';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { SmtpHostProber } from './index.ts';

const text = new TextEncoder();
const untext = new TextDecoder();
const name = 'mail.example.org';
const pem = await makeSelfSigned({ names: [name], days: 30, now: Date.now() });
const other = await makeSelfSigned({ names: [name], days: 30, now: Date.now() });
const der = (certPem: string): Uint8Array => new Uint8Array(new X509Certificate(certPem).raw);

/** Answers of a mail server by verb; null: says nothing. */
type Script = Readonly<Record<string, string | null>>;

const good: Script = {
  greeting: '220 mail.example.org ready',
  EHLO: '250-mail.example.org\r\n250 STARTTLS',
  STARTTLS: '220 go',
  QUIT: '221 bye',
};

async function play(channel: Channel, script: Script, onSilence: () => void): Promise<void> {
  const say = async (key: string): Promise<void> => {
    const answer = script[key] ?? null;
    if (answer === null) onSilence();
    else await channel.write(text.encode(`${answer}\r\n`));
  };
  await say('greeting');
  for (let bytes = await channel.read(5000); bytes !== null; bytes = await channel.read(5000)) {
    const verb = /^[A-Z]+/i.exec(untext.decode(bytes))?.[0].toUpperCase() ?? '';
    await say(verb);
    if (verb === 'STARTTLS' && script['STARTTLS']?.startsWith('220') === true) await channel.startTls();
  }
}

interface World extends AsyncDisposable {
  readonly prober: SmtpHostProber;
}

/** A mail host on loopback, and a prober that looks for mail hosts on its port. */
async function world(
  script: Script,
  options: { readonly trustedPem?: readonly string[]; readonly clock?: Clock; readonly onSilence?: () => void } = {},
): Promise<World> {
  const { trustedPem = [pem.certPem], clock = systemClock, onSilence = () => undefined } = options;
  const context = tlsContext(pem);
  const listener = await listen({
    address: '127.0.0.1',
    port: 0,
    log: new FakeLog(),
    tls: { contextFor: () => context },
    limits: { lingerMs: 50 },
    onConnection: (channel) => play(channel, script, onSilence).catch(() => undefined),
  });
  const { port } = listener;
  const dialer = nodeDialer({ trustedPem: [...trustedPem], limits: { lingerMs: 50 } });
  const prober = new SmtpHostProber({ dialer, clock, random: systemRandom, hostname: 'us.example', port });
  return { prober, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

function show(probe: HostProbe): string {
  switch (probe.kind) {
    case 'secured':
      return `secured, ${probe.problem ?? 'verified'}`;
    case 'refused':
      return `refused, ${probe.reply}`;
    case 'unreachable':
    case 'tlsFailed':
      return `${probe.kind}, ${probe.reason}`;
    case 'noTls':
      return probe.kind;
  }
}

const never = new AbortController().signal;

for (const [what, changed, asked, trusted, want] of [
  ['a good host', {}, name, true, /^secured, verified$/],
  ['another name', {}, 'mx.example.org', true, /^secured, it is for other names than mx\.example\.org$/],
  ['a certificate of nobody', {}, name, false, /^secured, it is signed by itself$/],
  ['no STARTTLS', { EHLO: '250 mail.example.org' }, name, true, /^noTls$/],
  ['STARTTLS refused', { STARTTLS: '454 not now' }, name, true, /^tlsFailed, it offers STARTTLS, and refuses it$/],
  ['a greeting that refuses', { greeting: '554 no service' }, name, true, /^refused, 554 no service$/],
  ['no mail server', { greeting: 'SSH-2.0-x' }, name, true, /^refused, /],
] as const) {
  test(`SmtpHostProber: ${what}`, async () => {
    await using host = await world({ ...good, ...changed }, { trustedPem: trusted ? [pem.certPem] : [] });
    const probe = await host.prober.probe({ name: asked, ip: '127.0.0.1' }, never);
    assert.match(show(probe), want);
    if (probe.kind !== 'secured') return;
    assert.deepEqual(probe.chain, [der(pem.certPem)]);
    assert.equal(probe.endsMs, Date.parse(new X509Certificate(pem.certPem).validTo));
  });
}

test('SmtpHostProber: nobody listens', async () => {
  const host = await world(good);
  await host[Symbol.asyncDispose]();
  assert.match(show(await host.prober.probe({ name, ip: '127.0.0.1' }, never)), /^unreachable, .*refused/);
});

test('SmtpHostProber: a host that falls silent costs no more than the time-out, and an abort ends it at once', async () => {
  const clock = new FakeClock();
  let onSilence = (): void => void clock.advance(15_000);
  await using host = await world({ ...good, EHLO: null }, { clock, onSilence: () => onSilence() });
  const late = await host.prober.probe({ name, ip: '127.0.0.1' }, never);
  assert.equal(show(late), 'unreachable, no complete answer within 15 s');
  const stopping = new AbortController();
  onSilence = () => stopping.abort(new Error('stopped'));
  await assert.rejects(host.prober.probe({ name, ip: '127.0.0.1' }, stopping.signal), /stopped/);
});

const facts: DomainFacts = {
  domain: 'example.org',
  mailHost: name,
  ips: ['127.0.0.1'],
  remoteIps: [],
  spfAll: '~',
  dkim: [],
  dmarc: null,
  tlsRpt: null,
  tlsa: [],
  ports: { submissions: null, submission: null, imaps: null, imap: null, jmap: null },
  servesWeb: false,
  caa: null,
};

for (const [what, published, authentic, want] of [
  [
    'the TLSA record of its key',
    pem,
    ['*'],
    /^ok takes mail with TLS; its certificate is good until .*, and fits DANE$/,
  ],
  ['the TLSA record of another key', other, ['*'], /^error has a certificate that no TLSA record fits$/],
  ['the TLSA record of another key, unsigned', other, [], /^warning has a certificate that no TLSA record fits$/],
  ['no TLSA record', null, ['*'], /^ok takes mail with TLS; its certificate is good until [-\d]+$/],
] as const) {
  test(`checkDomain with SmtpHostProber: a host with ${what}`, async () => {
    await using host = await world(good);
    const tlsa = published === null ? null : tlsaForCertificate(der(published.certPem));
    const zone = {
      'example.org': { MX: [{ preference: 10, exchange: name }] },
      [name]: { A: ['127.0.0.1'] },
      [`_25._tcp.${name}`]: { TLSA: tlsa?.ok === true ? [tlsa.value] : [] },
    };
    const resolver = new FakeResolver(zone, { authentic });
    const findings = await checkDomain(facts, { resolver, prober: host.prober, clock: systemClock });
    const found = findings.filter(({ area }) => area === 'smtp').map(({ level, sentence }) => `${level} ${sentence}`);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', want);
  });
}
