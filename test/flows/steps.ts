import assert from 'node:assert/strict';
import type { Trace, Tracer } from './trace.ts';
import { LineTalk, password, type FlowWorld } from './world.ts';

/** One step of a message through the server. */
export interface Flow {
  /** Name of the document in docs/flows that tells it. */
  readonly document: string;
  /** Title for people. */
  readonly name: string;
  /** Traces the step. */
  readonly trace: (world: FlowWorld, tracer: Tracer) => Promise<Trace>;
}

const oneLine = /^\d{3} .*\r\n/m;
const tagged = /^a OK .*\r\n/m;

/** The steps that docs/flows tells. */
export const flows: readonly Flow[] = [
  { document: 'delivery.md', name: 'from the last byte of a message to 250', trace: delivery },
  { document: 'fetch.md', name: 'FETCH 1 (FLAGS ENVELOPE)', trace: fetch },
  { document: 'relay.md', name: 'from the last byte of a submission to the stored outcome', trace: relay },
];

async function delivery(world: FlowWorld, tracer: Tracer): Promise<Trace> {
  using smtp = await LineTalk.open(world.ports.smtp);
  await smtp.say('EHLO host.example.net\r\n', oneLine);
  return await traceSecond(tracer, async () => {
    await smtp.say('MAIL FROM:<bob@example.net>\r\n', oneLine);
    await smtp.say('RCPT TO:<alice@example.org>\r\n', oneLine);
    await smtp.say('DATA\r\n', oneLine);
    return async () => assert.match(await smtp.say(message('bob@example.net'), oneLine), /^250 /);
  });
}

async function fetch(world: FlowWorld, tracer: Tracer): Promise<Trace> {
  using imap = await LineTalk.open(world.ports.imap);
  await imap.say(`a LOGIN alice "${password}"\r\n`, tagged);
  const content = 'Subject: Hello\r\n\r\nHello\r\n';
  await imap.say(`a APPEND INBOX {${content.length}+}\r\n${content}\r\n`, tagged);
  await imap.say('a SELECT INBOX\r\n', tagged);
  return await traceSecond(tracer, () => Promise.resolve(() => imap.say('a FETCH 1 (FLAGS ENVELOPE)\r\n', tagged)));
}

async function relay(world: FlowWorld, tracer: Tracer): Promise<Trace> {
  using smtp = await LineTalk.open(world.ports.submission);
  await smtp.say('EHLO laptop.example.org\r\n', oneLine);
  const initial = Buffer.from(`\0alice\0${password}`).toString('base64');
  assert.match(await smtp.say(`AUTH PLAIN ${initial}\r\n`, oneLine), /^235 /);
  return await traceSecond(tracer, async () => {
    await smtp.say('MAIL FROM:<alice@example.org>\r\n', oneLine);
    await smtp.say('RCPT TO:<carol@example.com>\r\n', oneLine);
    await smtp.say('DATA\r\n', oneLine);
    return async () => {
      const attempted = world.attempted();
      assert.match(await smtp.say(message('alice@example.org'), oneLine), /^250 /);
      await attempted;
    };
  });
}

function message(from: string): string {
  const header = [`From: ${from}`, 'To: alice@example.org', 'Subject: Hello', 'Message-ID: <1@example.net>'];
  return [...header, 'Date: Sat, 28 Nov 2026 12:00:00 +0000', '', 'Hello', '.', ''].join('\r\n');
}

/** Makes a step twice: the first time prepares statements and fills caches, the second is what runs every day. */
async function traceSecond(tracer: Tracer, prepare: () => Promise<() => Promise<unknown>>): Promise<Trace> {
  await (
    await prepare()
  )();
  return await tracer.trace(await prepare());
}
