import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { makeSelfSigned, type CertificatePem } from '#host/certificates';
import type { TlsFact } from '#lib/tlsrpt';
import { recommendedChoice, tlsaForCertificate, writeTlsa, type TlsaChoice } from '#lib/dane';
import { makeAuthority, type Authority } from './authority.ts';
import { labPrograms, type LabZone } from './dns-lab.ts';
import { startMailHost, type MailHost, type ReceivedMessage } from './mail-host.ts';
import { eventually, reportAbout } from './mailbox.ts';
import { startPostfix, type Postfix } from './postfix.ts';
import { describePeer, needsRoot } from './programs.ts';
import { sampleId } from './sample-message.ts';
import { labNetwork, startSendingLab, type SendingLab, type SendOptions } from './sending-lab.ts';

/** Certificate of a mail host: `authority` is by an untrusted one, followed by its own certificate; `broken`: no handshake succeeds. */
type Certificate = 'self-signed' | 'expired' | 'authority' | 'authority, other name' | 'broken' | 'none';

/** TLSA records of the host. */
type Published = 'right' | 'wrong' | 'right and wrong' | 'authority' | 'PKIX' | 'none';

interface Domain {
  readonly title: string;
  /** Of the domain, without `.test`. */
  readonly name: string;
  readonly certificate: Certificate;
  readonly tlsa: Published;
  readonly signatures?: Extract<LabZone, { kind: 'zone' }>['signatures'];
  readonly requireTls?: boolean;
  readonly send?: SendOptions;
  /** Wanted arrival of the one message, or the reason why it did not arrive. */
  readonly want:
    | 'verified by DANE'
    | 'by TLS'
    | 'in clear'
    | { readonly state: 'queued' | 'failed'; readonly why: RegExp; readonly status?: string };
}

const later = (why: RegExp) => ({ state: 'queued', why }) as const;
const never = (why: RegExp, status: string) => ({ state: 'failed', why, status }) as const;
const mayBeClear = { header: 'TLS-Required: No\r\n' };
const mustBeTls = { requireTls: true };

const domains: readonly Domain[] = [
  {
    title: 'DANE-EE that matches; name and authority are not asked',
    name: 'ee',
    certificate: 'self-signed',
    tlsa: 'right',
    want: 'verified by DANE',
  },
  {
    title: 'DANE-EE that matches a certificate that expired',
    name: 'ee-expired',
    certificate: 'expired',
    tlsa: 'right',
    want: 'verified by DANE',
  },
  {
    title: 'DANE-EE that does not match',
    name: 'ee-wrong',
    certificate: 'self-signed',
    tlsa: 'wrong',
    want: later(/TLSA/),
  },
  {
    title: 'DANE-EE in the middle of a change of keys',
    name: 'ee-rollover',
    certificate: 'self-signed',
    tlsa: 'right and wrong',
    want: 'verified by DANE',
  },
  {
    title: 'DANE-TA that issued the certificate',
    name: 'ta',
    certificate: 'authority',
    tlsa: 'authority',
    want: 'verified by DANE',
  },
  {
    title: 'DANE-TA that issued one for another name',
    name: 'ta-name',
    certificate: 'authority, other name',
    tlsa: 'authority',
    want: later(/name|certificate/),
  },
  {
    title: 'DANE-TA that did not issue it',
    name: 'ta-wrong',
    certificate: 'self-signed',
    tlsa: 'authority',
    want: later(/TLSA/),
  },
  {
    title: 'records that SMTP cannot use: any certificate',
    name: 'unusable',
    certificate: 'self-signed',
    tlsa: 'PKIX',
    want: 'by TLS',
  },
  {
    title: 'records that SMTP cannot use, and no STARTTLS',
    name: 'unusable-clear',
    certificate: 'none',
    tlsa: 'PKIX',
    want: later(/STARTTLS/),
  },
  { title: 'records, and no STARTTLS', name: 'clear', certificate: 'none', tlsa: 'wrong', want: later(/STARTTLS/) },
  {
    title: 'records in an unsigned zone do not count',
    name: 'unsigned',
    certificate: 'self-signed',
    tlsa: 'wrong',
    signatures: 'none',
    want: 'by TLS',
  },
  { title: 'no records', name: 'absent', certificate: 'none', tlsa: 'none', want: 'in clear' },
  {
    title: 'records with a wrong signature',
    name: 'bogus-tlsa',
    certificate: 'self-signed',
    tlsa: 'right',
    signatures: ['TLSA'],
    want: later(/TLSA records of mx\.bogus-tlsa\.test: the answer is not validly signed \(DNSSEC: bogus\)/),
  },
  {
    title: 'records at a name server that fails',
    name: 'failing-tlsa',
    certificate: 'none',
    tlsa: 'none',
    want: later(/TLSA records of mx\.failing-tlsa\.test: the name servers failed \(SERVFAIL\)/),
  },
  {
    title: 'TLS-Required: No, and a certificate that does not match',
    name: 'relaxed',
    certificate: 'self-signed',
    tlsa: 'wrong',
    send: mayBeClear,
    want: 'by TLS',
  },
  {
    title: 'TLS-Required: No, and no STARTTLS',
    name: 'relaxed-clear',
    certificate: 'none',
    tlsa: 'wrong',
    send: mayBeClear,
    want: 'in clear',
  },
  {
    title: 'REQUIRETLS by DANE',
    name: 'require',
    certificate: 'self-signed',
    tlsa: 'right',
    requireTls: true,
    send: mustBeTls,
    want: 'verified by DANE',
  },
  {
    title: 'REQUIRETLS, and the host does not have it',
    name: 'require-not',
    certificate: 'self-signed',
    tlsa: 'right',
    send: mustBeTls,
    want: never(/REQUIRETLS: the host does not offer it/, '5.7.30'),
  },
  {
    title: 'REQUIRETLS, and nothing vouches for the host',
    name: 'require-unsigned',
    certificate: 'self-signed',
    tlsa: 'none',
    signatures: 'none',
    requireTls: true,
    send: mustBeTls,
    want: never(/REQUIRETLS: neither DNSSEC nor MTA-STS/, '5.7.10'),
  },
  { title: 'records, and TLS that fails', name: 'broken', certificate: 'broken', tlsa: 'wrong', want: later(/TLS/) },
  {
    title: 'no records, and TLS that fails',
    name: 'absent-broken',
    certificate: 'broken',
    tlsa: 'none',
    want: 'in clear',
  },
  {
    title: 'REQUIRETLS is stronger than TLS-Required: No',
    name: 'both',
    certificate: 'self-signed',
    tlsa: 'wrong',
    requireTls: true,
    send: { ...mayBeClear, ...mustBeTls },
    want: never(/TLSA/, '5.7.10'),
  },
];

/** Domains without a host of their own. */
const pointing: Record<string, LabZone> = {
  'pointing.test': { kind: 'zone', signatures: 'none', records: ['@ MX 10 mx.ee.test.'] },
  'pointing-wrong.test': { kind: 'zone', signatures: 'none', records: ['@ MX 10 mx.ee-wrong.test.'] },
  'fallback.test': { kind: 'zone', signatures: 'good', records: ['@ MX 10 mx.ee-wrong.test.', '@ MX 20 mx.ee.test.'] },
};

const net = labNetwork();
const postfixAddress = `${net}.2`;
const addressOf = (i: number): string => `${net}.${i + 10}`;

describePeer('DANE decides what leaves', needsRoot(...labPrograms, 'postfix'), () => {
  const running = new AsyncDisposableStack();
  const hosts = new Map<string, MailHost>();
  const subjects = new Map<string, string>();
  let lab: SendingLab;
  let postfix: Postfix;

  before(async () => {
    const authority = await makeAuthority('Nobody trusts me');
    const zones: Record<string, LabZone> = { ...pointing, '_tcp.mx.failing-tlsa.test': { kind: 'failing' } };
    for (const [i, domain] of domains.entries()) {
      const { name, certificate, tlsa, signatures = 'good', requireTls = false } = domain;
      const tls = await certificateOf(certificate, `mx.${name}.test`, authority);
      const settings = { address: addressOf(i), hostname: `mx.${name}.test`, tls, requireTls };
      hosts.set(name, running.use(await startMailHost(settings)));
      const records = ['@ MX 10 mx', `mx A ${addressOf(i)}`, ...tlsaRecords(tlsa, tls, authority)];
      zones[`${name}.test`] = { kind: 'zone', records, signatures };
    }
    const postfixTls = await makeSelfSigned({ names: ['mx.postfix.test'], days: 2, now: Date.now() });
    const record = tlsaText(postfixTls.certPem, recommendedChoice);
    zones['postfix.test'] = {
      kind: 'zone',
      signatures: 'good',
      records: ['@ MX 10 mx', `mx A ${postfixAddress}`, `_25._tcp.mx TLSA ${record}`],
    };
    postfix = running.use(
      await startPostfix({
        address: postfixAddress,
        hostname: 'mx.postfix.test',
        domain: 'postfix.test',
        peer: { domain: 'godwit.test', address: `${net}.1` },
        ...postfixTls,
      }),
    );
    lab = running.use(await startSendingLab({ net, zones }));
    const others = [...Object.keys(pointing).map((domain) => `a@${domain}`), 'known@postfix.test'];
    await Promise.all([
      ...domains.map(async ({ name, send }) => subjects.set(name, await lab.send(`a@${name}.test`, send))),
      ...others.map((to) => lab.send(to)),
    ]);
  });
  after(() => running.disposeAsync());

  for (const { title, name, want, send } of domains) {
    test(`${title}: ${typeof want === 'string' ? want : want.state}`, async () => {
      const { state, attempts } = await lab.attempted(`a@${name}.test`);
      const [attempt] = attempts;
      const received = receivedFor(`a@${name}.test`);
      if (typeof want !== 'string') {
        assert.match(attempt?.reply ?? '', want.why);
        assert.deepEqual([state, received], [want.state, []]);
        if (want.status !== undefined) await assertReport(subjects.get(name) ?? '', want.status);
        return;
      }
      assert.equal(state, 'delivered', attempt?.reply ?? '');
      const isTls = want !== 'in clear';
      const serverName = isTls ? `mx.${name}.test` : null;
      const requireTls = send?.requireTls === true;
      assert.deepEqual(received, [{ to: [`a@${name}.test`], isTls, serverName, requireTls }]);
      assert.equal(attempt?.session?.tls?.verifiedBy ?? null, want === 'verified by DANE' ? 'dane' : null);
    });
  }

  test('an unsigned domain with a host that has records: verified by DANE', async () => {
    const { state, attempts } = await lab.attempted('a@pointing.test');
    assert.deepEqual([state, attempts[0]?.session?.tls?.verifiedBy], ['delivered', 'dane']);
  });

  test('an unsigned domain with a host whose records do not match: queued', async () => {
    const { state, attempts } = await lab.attempted('a@pointing-wrong.test');
    assert.equal(state, 'queued');
    assert.match(attempts[0]?.reply ?? '', /TLSA/);
    assert.deepEqual(receivedFor('a@pointing-wrong.test'), []);
  });

  test('a first host whose records do not match: the second one', async () => {
    const { state, attempts } = await lab.attempted('a@fallback.test');
    assert.deepEqual([state, attempts[0]?.host], ['delivered', 'mx.ee.test']);
  });

  for (const [name, why] of [
    ['relaxed', /TLSA/],
    ['relaxed-clear', /STARTTLS/],
  ] as const) {
    test(`${name}: what TLS-Required: No allowed is not for the next message`, async () => {
      await lab.attempted(`a@${name}.test`);
      await lab.send(`b@${name}.test`);
      const { state, attempts } = await lab.attempted(`b@${name}.test`);
      assert.equal(state, 'queued');
      assert.match(attempts[0]?.reply ?? '', why);
      assert.deepEqual(receivedFor(`b@${name}.test`), []);
    });
  }

  test('Postfix with DANE-EE: verified by DANE', async () => {
    const { state, attempts } = await lab.attempted('known@postfix.test');
    assert.equal(state, 'delivered', attempts[0]?.reply ?? '');
    assert.equal(attempts[0]?.session?.tls?.verifiedBy, 'dane');
    const [message] = await eventually('a message in Postfix', async () => {
      const messages = await postfix.mailbox('known');
      return messages.length > 0 ? messages : null;
    });
    assert.match(message ?? '', /with ESMTPS id/);
  });

  test('godwit tells what was demanded, and what was wrong', async () => {
    const { id } = await lab.attempted('a@ee-wrong.test');
    const reason =
      /its TLSA record matches none of its certificates; demanded is a certificate that TLSA records vouch/;
    const shown = await lab.ask('queue', 'show', id);
    assert.match(shown, reason);
    assert.match(shown, /TLSv1\.3 with .* certificate that nobody vouches for/);
    assert.match(await lab.ask('why', '--to', 'a@ee-wrong.test'), reason);
    assert.match(
      await lab.ask('why', '--to', 'a@ee.test'),
      /TLSv1\.3 with .*, certificate as TLSA records say \(DANE\)/,
    );
  });

  test('how TLS went is counted for reports', async () => {
    await Promise.all(domains.map(({ name }) => lab.attempted(`a@${name}.test`)));
    await lab.server.kill('SIGTERM');
    const results = tlsResults(lab.server.folder);
    assert.deepEqual(results.get('mx.ee-rollover.test'), ['tlsa ok 1']);
    assert.deepEqual(results.get('mx.clear.test'), ['tlsa starttls-not-supported 1']);
    assert.deepEqual(results.get('mx.bogus-tlsa.test'), ['tlsa dnssec-invalid 1']);
    assert.deepEqual(results.get('mx.ta-name.test'), ['tlsa certificate-host-mismatch 1']);
    assert.deepEqual(results.get('unsigned.test'), ['no-policy-found ok 1']);
  });

  function receivedFor(to: string): readonly ReceivedMessage[] {
    return [...hosts.values()].flatMap(({ received }) => received.filter((message) => message.to.includes(to)));
  }

  async function assertReport(subject: string, status: string): Promise<void> {
    const report = (await reportAbout(lab.server, sampleId(subject))).toString();
    assert.ok(report.includes(`\r\nStatus: ${status}\r\n`), report);
  }
});

/** By domain of the policy: its type, what failed, and sessions. */
function tlsResults(folder: string): ReadonlyMap<string, readonly string[]> {
  using database = new DatabaseSync(join(folder, 'data', 'server.db'));
  const rows = database.prepare('SELECT domain, fact, sessions FROM tls_result').all();
  const all = rows.map(({ domain, fact, sessions }) => {
    const { policy, failures } = JSON.parse(String(fact)) as TlsFact;
    const what = failures.map(({ result }) => result).join(' ') || 'ok';
    return { domain: String(domain), text: `${policy.type} ${what} ${String(sessions)}` };
  });
  return new Map(
    [...Map.groupBy(all, ({ domain }) => domain)].map(([key, list]) => [key, list.map(({ text }) => text)]),
  );
}

async function certificateOf(
  kind: Certificate,
  name: string,
  authority: Authority,
): Promise<CertificatePem | 'broken' | null> {
  const now = Date.now();
  const yearMs = 365 * 86_400_000;
  switch (kind) {
    case 'none':
      return null;
    case 'broken':
      return kind;
    case 'self-signed':
      return await makeSelfSigned({ names: ['any.name.test'], days: 2, now });
    case 'expired':
      return await makeSelfSigned({ names: [name], days: 2, now: now - yearMs });
    case 'authority':
    case 'authority, other name': {
      const { certPem, keyPem } = await authority.forServer(kind === 'authority' ? name : 'other.test');
      return { certPem: `${certPem}${authority.certPem}`, keyPem };
    }
  }
}

function tlsaRecords(kind: Published, tls: CertificatePem | 'broken' | null, authority: Authority): string[] {
  const wrong = tlsaText(authority.certPem, recommendedChoice);
  const right = tls === null || tls === 'broken' ? wrong : tlsaText(tls.certPem, recommendedChoice);
  const records = {
    right: [right],
    wrong: [wrong],
    'right and wrong': [wrong, right],
    authority: [tlsaText(authority.certPem, { usage: 2, selector: 0, matching: 1 })],
    PKIX: [right.replace(/^3/, '1')],
    none: [],
  }[kind];
  return records.map((record) => `_25._tcp.mx TLSA ${record}`);
}

function tlsaText(certPem: string, choice: TlsaChoice): string {
  const record = tlsaForCertificate(new Uint8Array(new X509Certificate(certPem).raw), choice);
  if (!record.ok) throw new Error(record.reason);
  return writeTlsa(record.value);
}
