import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { generatePrivateKey, keyRecordName, MessageVerifier, type LookupKey } from '#lib/dkim';
import { sql } from '#ports/database';
import { SmtpSession } from '#proto/smtp-server';
import { Admission, Logins } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { channelPair } from '#testing/channel-pair';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import { standardRules, Submission } from './index.ts';
import { FakeLoop } from '#testing/fake-loop';

const hostname = 'mail.example.org';
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const rsaPem = (await generatePrivateKey('rsa-sha256')).reveal();
const ed25519Pem = (await generatePrivateKey('ed25519-sha256')).reveal();

const domains = `
domains:
  example.org:
    dkim: { selectors: { r: { keyFile: keys/r.pem }, e: { keyFile: keys/e.pem, expiration: 7d } }, sign: [r, e] }
  plain.example: {}
accounts:
  ann: { addresses: [ann@example.org, ann@plain.example] }
`;

interface World {
  readonly services: Services;
  readonly log: FakeLog;
  readonly folder: string;
  /** Submits a message, also in BDAT chunks. @returns the last reply. */
  readonly submit: (from: string, message: string, chunkBytes?: number) => Promise<string>;
  /** The message that waits in the queue. */
  readonly queued: () => Promise<string>;
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [files, log, folder] = [new Files(), new FakeLog(), dir.path];
  await writeFile(join(folder, 'server.yaml'), `hostname: ${hostname}\npostmaster: ann\nlisteners: {}\n`);
  await writeFile(join(folder, 'domains.yaml'), domains);
  await mkdir(join(folder, 'keys'));
  await writeFile(join(folder, 'keys', 'r.pem'), rsaPem);
  await writeFile(join(folder, 'keys', 'e.pem'), ed25519Pem);
  await using services = await openServices({ folder, files, log, onFatal: (error) => assert.fail(error) });
  await services.dkim.start();
  await services.accounts.create('ann');
  await services.credentials.setPassword('ann', 'correct horse');
  await body({
    services,
    log,
    folder,
    submit: (from, message, chunkBytes) => submit(services, log, dialogue(from, encoder.encode(message), chunkBytes)),
    queued: () => queuedMessage(services),
  });
}

/** Returns the client's side of a dialogue; with `chunkBytes` the message goes in chunks (RFC 3030 §2). */
function dialogue(from: string, message: Uint8Array, chunkBytes?: number): Uint8Array[] {
  const line = (text: string): Uint8Array => encoder.encode(`${text}\r\n`);
  const start = [`AUTH PLAIN ${btoa('\0ann\0correct horse')}`, `MAIL FROM:${from}`, 'RCPT TO:<x@far.example>'].map(
    line,
  );
  if (chunkBytes === undefined) return [...start, line('DATA'), message, line('.'), line('QUIT')];
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += chunkBytes) {
    const chunk = message.subarray(at, at + chunkBytes);
    const last = at + chunkBytes >= message.length ? ' LAST' : '';
    chunks.push(line(`BDAT ${chunk.length}${last}`), chunk);
  }
  return [...start, ...chunks, line('QUIT')];
}

async function submit(services: Services, log: FakeLog, said: readonly Uint8Array[]): Promise<string> {
  const { client, server } = channelPair({ clientAddress: '203.0.113.5', tls: true });
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  using logins = new Logins({ ...services, admission });
  const session = new SmtpSession({
    loop: new FakeLoop(),
    channel: server,
    backend: new Submission({ ...services, admission, logins, hostname, rules: standardRules(services.configuration) }),
    options: {
      kind: 'submissions',
      hostname,
      startTls: false,
      authWithoutTls: false,
      mailNeedsTls: false,
      dsn: true,
      futureRelease: true,
      requireTls: true,
      pedantic: false,
      passesBareCr: true,
      limits: { maxMessageBytes: 1_000_000 },
    },
    clock: services.clock,
    log,
    random: services.random,
    id: 'cid',
  });
  const running = session.run();
  const heard = (async () => {
    let text = '';
    for (let bytes = await client.read(5000); bytes !== null; bytes = await client.read(5000)) {
      text += decoder.decode(bytes);
    }
    return text;
  })();
  await client.write(encoder.encode('EHLO laptop\r\n'));
  for (const bytes of said) await client.write(bytes);
  await running;
  const replies = (await heard).split('\r\n').filter((line) => /^[2-5]\d\d /.test(line));
  return replies.at(-2) ?? '';
}

async function queuedMessage({ databases, blobs }: Services): Promise<string> {
  const row = await databases.server.read((reader) =>
    reader.get<{ prefix: Uint8Array; bytes: Uint8Array | null; blob: string | null }>(
      sql`SELECT prefix, bytes, blob_id AS blob FROM queue_message LEFT JOIN queue_content ON message = id`,
    ),
  );
  assert.ok(row !== undefined);
  let body = row.bytes;
  for await (const { id, sizeBytes } of blobs.list('queue')) {
    await using blob = await blobs.open('queue', id);
    body = await blob.bytes(0, sizeBytes);
  }
  return decoder.decode(row.prefix) + decoder.decode(body ?? new Uint8Array(0));
}

/** Verifies as a stranger would, with the records that we say are to be published. */
async function verify(services: Services, message: string): Promise<readonly string[]> {
  const zone = Object.fromEntries(
    services.dkim.facts.map(({ key }) => [key?.name ?? '', { TXT: [key?.record ?? ''] }] as const),
  );
  const resolver = new FakeResolver(zone);
  const lookupKey: LookupKey = async (selector, domain) => {
    const answer = await resolver.query(keyRecordName(selector, domain), 'TXT');
    if (answer.kind !== 'found') return { kind: 'absent' };
    return { kind: 'found', records: answer.records, isAuthentic: false };
  };
  const verifier = new MessageVerifier({ lookupKey, nowMs: services.clock.now() });
  verifier.push(encoder.encode(message));
  const { results } = await verifier.finish();
  return results.map(({ status, signature }) => `${status} ${signature?.selector.ascii}.${signature?.domain.ascii}`);
}

const both = ['pass r.example.org', 'pass e.example.org'];
const header = 'From: Ann <ann@example.org>\r\nBcc: secret@far.example\r\nSubject: =?utf-8?q?=C3=BC?=\r\n';

for (const [title, message, chunkBytes] of [
  [
    'with a complete header',
    `${header}Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n`,
    undefined,
  ],
  ['whose Date and Message-ID we add', `${header}\r\nhello \t world\r\n\r\n\r\n`, undefined],
  ['without a body', header, undefined],
  ['with dots', `${header}\r\n..a\r\n...\r\n`, undefined],
  ['in small chunks', `${header}\r\n${'0123456789\r\n'.repeat(50)}`, 7],
  ['that is large', `${header}\r\n${'0123456789  0123456789\r\n'.repeat(10_000)}`, 50_000],
] as const) {
  test(`Submission signs a message ${title}`, () =>
    inWorld(async ({ submit: send, queued, services, log }) => {
      assert.match(await send('<ann@example.org>', message, chunkBytes), /^250 2\.0\.0 queued as/);
      const text = await queued();
      assert.match(text, /^DKIM-Signature: /);
      assert.doesNotMatch(text, /secret/);
      assert.deepEqual(await verify(services, text), both);
      // A relay's own field above it, and a name that is added below.
      assert.deepEqual(await verify(services, `Received: by x\r\n${text}`), both);
      assert.match((await verify(services, `Subject: other\r\n${text}`)).join(), /^fail .*,fail /);
      assert.deepEqual(log.ofLevel('error'), []);
    }));
}

test('Submission signs by the From domain, whatever the envelope says', () =>
  inWorld(async ({ submit: send, queued, services }) => {
    assert.match(await send('<ann@plain.example>', `${header}\r\nhello\r\n`), /^250 /);
    assert.deepEqual(await verify(services, await queued()), both);
  }));

test('Submission leaves mail of a domain without keys alone', () =>
  inWorld(async ({ submit: send, queued }) => {
    assert.match(await send('<ann@example.org>', 'From: ann@plain.example\r\n\r\nhello\r\n'), /^250 /);
    assert.match(await queued(), /^Received: /);
  }));

test('Submission refuses for now what it cannot sign, and nothing is queued', () =>
  inWorld(async ({ submit: send, services, folder, log }) => {
    await writeFile(join(folder, 'domains.yaml'), domains.replace('keys/r.pem', 'keys/new.pem'));
    await services.configuration.reload();
    assert.match(await send('<ann@example.org>', `${header}\r\nhello\r\n`), /^451 4\.7\.5 .*cannot be signed/);
    assert.deepEqual(await services.queue.list(), []);
    assert.ok(log.ofLevel('error').some(({ event }) => event === 'dkim.keyMissing'));
    await writeFile(join(folder, 'keys', 'new.pem'), rsaPem);
    assert.deepEqual(await services.dkim.reload(), []);
    assert.match(await send('<ann@example.org>', `${header}\r\nhello\r\n`), /^250 /);
    // The keys are in memory: that their files go does not stop the mail.
    await rm(join(folder, 'keys'), { recursive: true });
    assert.match(await send('<ann@example.org>', `${header}\r\nhello\r\n`), /^250 /);
  }));

test('Submission refuses for good what nobody should sign', () =>
  inWorld(async ({ submit: send, services }) => {
    const many = `From: ann@example.org\r\n${'To: x@far.example\r\n'.repeat(501)}\r\nhello\r\n`;
    assert.match(await send('<ann@example.org>', many), /^550 5\.6\.0 the header has too many fields to be signed/);
    assert.deepEqual(await services.queue.list(), []);
  }));

for (const [title, message] of [
  ['a body of 8 bits', `${header}\r\nGrüße\r\n`],
  ['a large body of 8 bits', `${header}\r\n${'Grüße aus Köln\r\n'.repeat(10_000)}`],
  ['a header in UTF-8', `${header}To: Jürgen <j@bücher.example>\r\n\r\nhello\r\n`],
  ['a bare CR', `${header}\r\na\rb\r\n`],
  ['a long line', `${header}\r\n${'x'.repeat(2000)}\r\n`],
  ['long lines in the header', `${header}X-Words: ${'word '.repeat(500)}\r\n\r\nhello\r\n`],
] as const) {
  for (const chunkBytes of [undefined, 1000]) {
    test(`Submission signs ${title} after its conversion${chunkBytes === undefined ? '' : ', in chunks'}`, () =>
      inWorld(async ({ submit: send, queued, services }) => {
        assert.match(await send('<ann@example.org> SMTPUTF8', message, chunkBytes), /^250 2\.0\.0 queued as/);
        const text = await queued();
        assert.deepEqual(await verify(services, text), both);
        assert.match(text, /^[\r\n\x20-\x7e\t]*$/);
        assert.ok(text.split('\r\n').every((line) => line.length <= 998));
        assert.deepEqual(await marksOf(services), { has8bit: 0, smtputf8: 0 });
        for await (const blob of services.blobs.list('incoming')) assert.fail(`${blob.id} is left`);
      }));
  }
}

test('Submission refuses a bare CR in the header, and after a lone dot', () =>
  inWorld(async ({ submit: send, services }) => {
    assert.match(
      await send('<ann@example.org>', `${header}X-A: a\r\r\nFrom: bob@example.org\r\n\r\nx\r\n`),
      /^550 5\.6\.0 /,
    );
    assert.match(await send('<ann@example.org>', `${header}\r\nx\r\n.\rx\r\n`), /^500 5\.5\.2 bare CR/);
    const signedPart =
      'MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\na\rb\r\n--b--\r\n';
    assert.match(await send('<ann@example.org>', `${header}${signedPart}`), /^550 5\.6\.0 the message has a bare CR/);
    assert.deepEqual(await services.queue.list(), []);
  }));

test('Submission marks for SMTPUTF8 and 8BITMIME what no conversion may touch', () =>
  inWorld(async ({ submit: send, queued, services }) => {
    const utf8 = `${header}To: ü@x.example\r\n\r\nGrüße\r\n`;
    assert.match(await send('<ann@example.org>', utf8), /^550 5\.6\.7 the field to needs SMTPUTF8/);
    assert.match(await send('<ann@example.org> SMTPUTF8', utf8), /^250 /);
    assert.match(await queued(), /To: ü@x\.example\r\n\r\nGrüße\r\n/);
    assert.deepEqual(await verify(services, await queued()), both);
    assert.deepEqual(await marksOf(services), { has8bit: 1, smtputf8: 1 });
  }));

for (const [what, fields, body] of [
  ['signed by another', 'DKIM-Signature: v=1; d=x.example\r\n', 'Grüße\r\n'],
  [
    'a signed part (RFC 1847)',
    'MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n',
    '--b\r\n\r\nGrüße\r\n--b--\r\n',
  ],
] as const) {
  test(`Submission leaves the body alone that is ${what}`, () =>
    inWorld(async ({ submit: send, queued, services }) => {
      assert.match(await send('<ann@example.org> SMTPUTF8', `${header}${fields}\r\n${body}`), /^250 /);
      const text = await queued();
      assert.ok(text.endsWith(`\r\n\r\n${body}`));
      assert.deepEqual((await verify(services, text)).slice(0, 2), both);
      assert.deepEqual(await marksOf(services), { has8bit: 1, smtputf8: 0 });
    }));
}

/** Requirements that the queue will have of hosts for the only message. */
async function marksOf({ databases }: Services): Promise<{ has8bit: number; smtputf8: number } | undefined> {
  const row = await databases.server.read((reader) =>
    reader.get<{ has8bit: number; smtputf8: number }>(sql`SELECT has_8bit AS "has8bit", smtputf8 FROM queue_message`),
  );
  return row && { ...row };
}
