import assert from 'node:assert/strict';
import { describeViolation, MessageChecker } from '#lib/receivers';
import { parseSendmailArguments, readMessage } from '../../src/cli/sendmail/index.ts';
import { latin1, realMessages } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

// oxlint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f]/;

const lines = [
  '-t',
  '-i -f a@example.org b@example.org',
  '-oi -oem -N success,failure -R hdrs -V x',
  '-bp',
  '-q30m',
  '-- -t',
];

/** Arguments of sendmail, which web forms fill in: any of them means something or is refused, and no control character gets through. */
const sendmailArguments: Target = {
  name: 'sendmail-arguments',
  seeds: lines.map((line) => latin1(line.replaceAll(' ', '\n'))),
  dictionary: [
    '\n',
    '-',
    '-t',
    '-f',
    '-F',
    '-r',
    '-o',
    '-b',
    '-N',
    '-R',
    '-V',
    '-C',
    '-q',
    '-O',
    '--',
    '@',
    '\r',
    '\t',
    '\0',
  ],
  maxBytes: 500,
  async run(input) {
    // An argument may have a line end: RS stands for it here.
    const args = new TextDecoder('latin1')
      .decode(input)
      .split('\n')
      .map((arg) => arg.replaceAll('\x1e', '\n'));
    const command = parseSendmailArguments(args);
    if (command.kind !== 'send') return;
    const { recipients, sender, fullName, envid } = command.request;
    for (const value of [...recipients, sender, fullName, envid]) must(!controls.test(value ?? ''), 'a control');
  },
};

const inputs = ['\xef\xbb\xbfTo: a@b\n\nx\n.\ny', 'a\rb\r\r\nc\n', '.', '.\r\n', '\n.\n', '\xef\xbb', ''];

/** Input of sendmail: lines with CRLF, the same whatever the chunks. */
const sendmailInput: Target = {
  name: 'sendmail-input',
  seeds: [...inputs.map(latin1), ...realMessages(100, 4000)],
  dictionary: ['\r', '\n', '\r\n', '.', '\n.\n', '\r\n.\r\n', '\xef\xbb\xbf', '\0', '\r\r\n'],
  maxBytes: 8000,
  async run(input, random) {
    const options = { ignoreDots: random() < 0.5 };
    const message = await readMessage(pieces(chunked(input, random)), options);
    assert.deepEqual(message, await readMessage(pieces([input]), options), 'chunks make a difference');
    const text = new TextDecoder('latin1').decode(message);
    must(!/(?:^|[^\r])\n|\r(?!\n)/.test(text), 'a bare CR or LF');
    must(text === '' || text.endsWith('\r\n'), 'half a line');
    if (text.startsWith('\xef\xbb\xbf')) return;
    assert.deepEqual(
      await readMessage(pieces([message]), { ignoreDots: true }),
      message,
      'reading it again changes it',
    );
  },
};

/** Refusals of receivers: the same whatever the chunks, few violations, and each fits into a header field. */
const receivers: Target = {
  name: 'receivers',
  seeds: [latin1('From: a@b\r\nFrom: c\r\nDate: x\r\n\r\nx'), ...realMessages(60, 8000)],
  dictionary: [
    'From: ',
    'Date: ',
    'Subject: ',
    'To: ',
    '\r\n',
    '\r',
    '\0',
    '\xfc',
    ':',
    '<',
    '>',
    '@',
    'x'.repeat(999),
  ],
  maxBytes: 12_000,
  async run(input, random) {
    const facts = { hadBareLf: random() < 0.5, hadBareCr: random() < 0.5, smtputf8: random() < 0.5 };
    const found = [chunked(input, random), [input]].map((chunks) => {
      const checker = new MessageChecker();
      for (const chunk of chunks) checker.push(chunk);
      return checker.finish(facts);
    });
    assert.deepEqual(found[0], found[1], 'chunks make a difference');
    must((found[0]?.length ?? 0) <= 20, 'more violations than the limit');
    for (const violation of found[0] ?? [])
      must(!controls.test(describeViolation(violation)), 'a control in a violation');
  },
};

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Targets for input by programs of this machine and by developers. */
export const localTargets: readonly Target[] = [sendmailArguments, sendmailInput, receivers];
