import assert from 'node:assert/strict';
import { convertHeader, convertMessage, ConversionPlanner, MessageConverter } from '#lib/conversion';
import { MimeIndexer } from '#lib/mime';
import { latin1, realMessages } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

const dictionary = [
  ['Content-Type: multipart/mixed; boundary="b"\r\n\r\n', '\r\n--b\r\n', '\r\n--b--\r\n', 'boundary=', '\xc3\xbc'],
  ['Content-Type: message/rfc822\r\n\r\n', 'Content-Type: multipart/signed; boundary=b\r\n', 'message/global'],
  ['Content-Transfer-Encoding: ', 'base64\r\n', 'quoted-printable\r\n', '8bit\r\n', 'binary\r\n', 'x-uuencode\r\n'],
  [
    'From: ',
    'To: ',
    'Subject: ',
    'Message-ID: ',
    'Received: ',
    'Keywords: ',
    '=?utf-8?q?=C3=A9?=',
    ' (',
    ')',
    '"',
    '\\',
    '<',
    '@',
  ],
  ['\r\n', '\r', '\n', '\0', '\xff', '\x80', 'x'.repeat(1000), '=', "name*0*=utf-8''%e2", ';', ','],
].flat();

const handWritten = [
  'Subject: \xc3\xbc\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n',
  'From: "\xc3\xbc" <a@\xc3\xbc.example>, (\xc3\xa4) b@c\r\nContent-Type: text/plain; name="\xc3\xbc"\r\n\r\n\xff\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npr\xc3\xa4\r\n--b\r\n\r\n\xc3\xbc\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: \xc3\xbc\r\n\r\n\xc3\xbc\r\n--b--\r\nepi\xff',
].map(latin1);

/** Conversion for every host: never fails, whatever the message, and the same whatever the chunks; a header comes out in ASCII where it says so. */
const conversion: Target = {
  name: 'conversion',
  seeds: [...handWritten, ...realMessages(40, 10_000)],
  dictionary,
  maxBytes: 30_000,
  async run(input, random) {
    const keepEightBit = random() < 0.3;
    const whole = convertMessage(input, { keepEightBit });
    const indexer = new MimeIndexer();
    indexer.push(input);
    const index = indexer.finish();
    const planner = new ConversionPlanner(index, { keepEightBit });
    for (const chunk of chunked(input, random)) planner.push(chunk);
    const plan = planner.finish();
    const ends = plan.segments.map(({ end }) => end);
    must(
      plan.segments.every(({ start }, i) => start === (ends[i - 1] ?? 0)),
      'segments with holes',
    );
    const converter = new MessageConverter(plan);
    const pieces = chunked(input, random).flatMap((chunk) => [...converter.push(chunk)]);
    pieces.push(...converter.finish());
    assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), new Uint8Array(whole), 'chunks make a difference');
    const { bytes, unencodable, unfoldable } = convertHeader(input.subarray(0, index.root.bodyStart));
    if (unencodable.length > 0 || unfoldable.length > 0) return;
    const again = convertHeader(bytes);
    must(again.unencodable.length === 0 && again.unfoldable.length === 0, 'a converted header is not fine');
    must(!bytes.some((byte) => byte > 127), 'octets over 127 in a converted header');
  },
};

/** Targets of the conversion of messages. */
export const conversionTargets: readonly Target[] = [conversion];
