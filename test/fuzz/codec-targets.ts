import assert from 'node:assert/strict';
import {
  Base64Decoder,
  Base64Encoder,
  decodeBase64,
  decodePercent,
  decodeQuotedPrintable,
  encodeBase64Text,
  encodeModifiedUtf7,
  encodePercent,
  encodeQuotedPrintable,
  encodeUnitext,
  encodeXtext,
  parseBase64,
  parseHex,
  parseModifiedUtf7,
  parseUnitext,
  parseXtext,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  type Decoder,
} from '#lib/codecs';
import { matchListPattern } from '#lib/imap';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

const dictionary = [
  ['=', '==', '=\r\n', '=3D', '=0', ' \r\n', '\t=\n', '\r', '\n', '\0', '\xff', '+', '/', '-', '_', '%', '%41', '%4'],
  ['&', '&-', '&AGE-', '&2D3eAA-', '+2B', '+', '\\x{41}', '\\x{1F600}', '\\x{D800}', '\\', '{', '}', 'Zm9v', 'x'],
].flat();

const written = [
  'Zm9vYmFy\r\nZg==',
  'caf=C3=A9 =\r\nsoft \r\nend',
  '&AOQ-b&-c',
  'a+2Bb',
  '%41%zz',
  '\\x{e9}',
  'x'.repeat(100),
];

/** Encodings: decoders take anything, the same whatever the chunks; what an encoder wrote comes back. */
const codecs: Target = {
  name: 'codecs',
  seeds: written.map(latin1),
  dictionary,
  maxBytes: 4000,
  async run(input, random) {
    const chunks = chunked(input, random);
    assert.deepEqual(piecewise(new Base64Decoder(), chunks), Buffer.from(decodeBase64(input)));
    assert.deepEqual(piecewise(new QuotedPrintableDecoder(), chunks), Buffer.from(decodeQuotedPrintable(input)));
    assert.deepEqual(decodeBase64(piecewise(new Base64Encoder(), chunks)), input);
    const mode = random() < 0.5 ? 'text' : 'binary';
    const quoted = piecewise(new QuotedPrintableEncoder(mode), chunks);
    assert.deepEqual(quoted, Buffer.from(encodeQuotedPrintable(input, mode)));
    if (mode === 'binary') assert.deepEqual(decodeQuotedPrintable(quoted), input);
    must(!/[^\r\n]{77}/.test(quoted.toString('latin1')), 'a quoted-printable line over 76 octets');
    assert.deepEqual(decodePercent(latin1(encodePercent(input))), input);
    decodePercent(input);
    const text = new TextDecoder('latin1').decode(input);
    const given = parseBase64(encodeBase64Text(input));
    assert.deepEqual(given.ok ? given.value : null, input);
    for (const parse of [parseBase64, parseHex]) parse(text);
    same(parseModifiedUtf7(encodeModifiedUtf7(text)), text);
    same(parseUnitext(encodeUnitext(text)), text);
    for (const [parse, encode] of [
      [parseModifiedUtf7, encodeModifiedUtf7],
      [parseXtext, encodeXtext],
      [parseUnitext, encodeUnitext],
    ] as const) {
      const parsed = parse(text);
      if (parsed.ok) same(parse(encode(parsed.value)), parsed.value);
    }
  },
};

const patterns = ['*', '%', 'INBOX', 'inbox/%', 'a*b%c', 'a/b/c\n*', '%/%/%\na/b/c', '***%%%***\nabc'];

/** Patterns of LIST: as a regular expression says, within steps that were allowed. */
const listPatterns: Target = {
  name: 'list-patterns',
  seeds: patterns.map(latin1),
  dictionary: ['*', '%', '/', '\n', 'INBOX', 'inBox', 'a', '**********', '%*%*%*'],
  maxBytes: 60,
  async run(input, random) {
    const [pattern = '', name = ''] = new TextDecoder('latin1').decode(input).split('\n');
    const separator = random() < 0.8 ? '/' : null;
    const steps = { left: (pattern.length + 1) * (name.length + 1) ** 2 };
    const isMatch = matchListPattern(pattern, name, separator, steps);
    must(steps.left >= 0, 'more steps than pattern × name²');
    // The first component of INBOX is compared without case, which the naive form does not know; and it backtracks.
    if (/inbox/i.test(name) || (pattern.match(/[*%]/g) ?? []).length > 6) return;
    const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
    const naive = source.replaceAll(/[*%]+/g, (run) => (run.includes('*') || separator === null ? '[^]*' : '[^/]*'));
    assert.equal(isMatch, new RegExp(`^${naive}$`).test(name), `${pattern} and ${name}`);
  },
};

function piecewise(transform: Decoder, chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...chunks.map((chunk) => transform.push(chunk)), transform.finish()]);
}

function same(parsed: { readonly ok: boolean; readonly value?: string }, text: string): void {
  assert.equal(parsed.ok ? parsed.value : null, text);
}

/** Encodings and patterns. */
export const codecTargets: readonly Target[] = [codecs, listPatterns];
