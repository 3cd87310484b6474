import assert from 'node:assert/strict';
import {
  keyRecordName,
  MessageSigner,
  MessageVerifier,
  parseKeyRecord,
  parsePrivateKey,
  parseSignature,
  signWith,
} from '#lib/dkim';
import { writeKeyRecord, type Canonicalizations, type Verification } from '#lib/dkim';
import { parseDomain } from '#lib/domain';
import { parseHeader, type HeaderField } from '#lib/message';
import { MimeIndexer } from '#lib/mime';
import { Secret } from '#lib/secret';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

/** RFC 8463 §A.2. */
const keyRecord = 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
/** RFC 8463 §A.1, as PKCS #8. */
const key = parsePrivateKey(
  new Secret(
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n',
  ),
);
const [domain, selector] = ['football.example.com', 'brisbane'].map((text) => parseDomain(text));
must(key.ok && domain?.ok === true && selector?.ok === true, 'no key');

const header = [
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>,',
  '\tother@shopping.example.net',
  'Subject: Is dinner  ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
];
const body = ['Hi.', '', 'We lost the game. \t Are you hungry yet? ', '', 'Joe.', '', '', ''];
const message = [...header, '', ...body].join('\r\n');
const signedNames = ['from', 'to', 'subject', 'date', 'message-id'];

async function signed(canonicalizations: Canonicalizations): Promise<Uint8Array> {
  must(key.ok && domain?.ok === true && selector?.ok === true, 'no key');
  const signer = new MessageSigner({
    keys: [
      {
        keyId: '',
        algorithm: 'ed25519-sha256',
        domain: domain.value,
        selector: selector.value,
        canonicalizations,
        headers: signedNames,
        seals: signedNames,
      },
    ],
    sign: signWith(new Map([['', key.value]])),
    nowMs: Date.UTC(2018, 0, 1),
  });
  signer.push(latin1(message));
  const result = await signer.finish();
  must(result.kind === 'signed', 'not signed');
  return latin1(result.fields + message);
}

const kinds = ['simple', 'relaxed'] as const;
const signedMessages = await Promise.all(
  kinds.flatMap((headerKind) => kinds.map((bodyKind) => signed({ header: headerKind, body: bodyKind }))),
);
const dictionary = [
  'From: evil@example.net\r\n',
  'Subject: x\r\n',
  'DKIM-Signature: ',
  '\r\n\r\n',
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  'l=0;',
  'l=10; ',
  'h=',
  'h=from:',
  'bh=',
  'b=',
  'c=relaxed/simple;',
  'c=simple',
  't=1',
  'x=9',
  'i=@',
  's=',
  'd=',
  ';',
  '=',
  ':',
  'v=1;',
  'a=rsa-sha256;',
  'q=dns/txt',
  'From : ',
  'from:',
];

/** Messages that were changed on their way: what passes says what was signed, as far as readers can tell. */
const dkimMessages: Target = {
  name: 'dkim-messages',
  seeds: signedMessages,
  dictionary,
  maxBytes: 8000,
  async run(input, random) {
    const verification = await verify([input]);
    assert.deepEqual(
      verdicts(await verify(chunked(input, random))),
      verdicts(verification),
      'chunks make a difference',
    );
    if (!verification.results.some(({ status }) => status === 'pass')) return;
    const fields = parseHeader(input);
    for (const name of signedNames) {
      const found = fields.filter((field) => field.name === name).map(shown);
      assert.deepEqual(found, [shownOriginal(name)], `another ${name} passes`);
    }
    must(blackOf(text(bodyOf(input))) === blackOf(body.join('')), 'another body passes');
  },
};

async function verify(chunks: readonly Uint8Array[]): Promise<Verification> {
  const verifier = new MessageVerifier({
    nowMs: Date.UTC(2018, 0, 2),
    lookupKey: async (asked, at) => {
      const isOurs = keyRecordName(asked, at) === 'brisbane._domainkey.football.example.com';
      return isOurs ? { kind: 'found', records: [keyRecord], isAuthentic: false } : { kind: 'absent' };
    },
  });
  for (const chunk of chunks) {
    const copy = chunk.slice();
    verifier.push(copy);
    copy.fill(0);
  }
  return await verifier.finish();
}

function verdicts({ results, untriedSignatures }: Verification): unknown[] {
  return [untriedSignatures, ...results.map((result) => [result.status, 'reason' in result ? result.reason : ''])];
}

/** The body as readers find it. */
function bodyOf(input: Uint8Array): Uint8Array {
  const indexer = new MimeIndexer();
  indexer.push(input);
  return input.subarray(indexer.finish().root.bodyStart);
}

function shown(field: HeaderField): string {
  return blackOf(text(field.bytes.subarray(field.valueStart, field.end)));
}

function shownOriginal(name: string): string {
  const [field] = parseHeader(latin1(message)).filter((one) => one.name === name);
  must(field !== undefined, `no ${name}`);
  return shown(field);
}

/** Without white space, which relaxed canonicalization lets change. */
function blackOf(words: string): string {
  return words.replaceAll(/[ \t\r\n]+/g, '');
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

/** Key records and signature fields of strangers. */
const dkimRecords: Target = {
  name: 'dkim-records',
  seeds: [
    keyRecord,
    'v=DKIM1; h=sha256; k=rsa; n=note=20; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP; s=email; t=s:y',
    'DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com; c=simple/simple; q=dns/txt; i=joe=40x@football.example.com;\r\n h=Received : From; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; l=5; t=1; x=2;\r\n b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W\r\n',
  ].map(latin1),
  dictionary,
  maxBytes: 20_000,
  async run(input) {
    const record = parseKeyRecord(text(input));
    // Offsets count in UTF-8.
    if (!record.ok) must(record.at >= 0 && record.at <= 2 * input.length, `refused at ${record.at} of ${input.length}`);
    else if (record.value.keyType === 'rsa' || record.value.keyType === 'ed25519') {
      const { keyType, publicKey } = record.value;
      const again = parseKeyRecord(writeKeyRecord({ keyType, publicKey }), Infinity);
      must(again.ok, 'written, and not understood');
      assert.deepEqual(again.value.publicKey, publicKey);
    }
    for (const field of parseHeader(input)) {
      const signature = parseSignature(field);
      if (!signature.ok) must(signature.at >= 0 && signature.at <= input.length, `refused at ${signature.at}`);
      else must(signature.value.headerNames.length <= input.length, 'more names than bytes');
    }
  },
};

/** Everything that reads DKIM. */
export const dkimTargets: readonly Target[] = [dkimMessages, dkimRecords];
