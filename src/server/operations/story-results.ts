import { z } from 'zod';
import type { QueueId } from '#lib/ids';
import type { Story } from '#mail/story';
import { recipientState } from './queue-filter.ts';

const timeMs = z.number().describe('Milliseconds since 1970.');
/** A plain number to programs; the type is that of the queue's ids. */
const queueNumber = z.number() as unknown as z.ZodType<QueueId>;
const texts = z.array(z.string()).readonly();

/** Schema of how the connection of an attempt was secured, and what was said over it. */
export const sessionRecord = z.strictObject({
  demand: z.string().describe('Demand on TLS and who made it, for people.'),
  tls: z
    .strictObject({
      version: z.string(),
      cipher: z.string(),
      verifiedBy: z
        .enum(['pkix', 'dane', 'dane-and-pkix'])
        .nullable()
        .describe('What vouched for the host; null: nothing did, or nothing had to.'),
      problem: z
        .string()
        .nullable()
        .describe("Reason why a certificate authority does not vouch for the host's name; null: one does."),
    })
    .nullable()
    .describe('Null when mail went, or would have gone, in plaintext.'),
  mechanism: z.string().nullable().describe('SASL mechanism of the login, null without one.'),
  isReused: z.boolean().describe('The connection had carried another message before.'),
  dialogue: texts.describe('Commands and replies in short, without secrets and content.'),
});

const explanation = z.string().nullable();

const acceptance = z.strictObject({
  service: z.string(),
  local: z.string().describe('Our address and port.'),
  remoteIp: z.string(),
  hello: z.string().nullable().describe('Verb and name, such as EHLO mx.example.org; null when there was none.'),
  tls: z.strictObject({ version: z.string(), cipher: z.string() }).nullable().describe('Null for plaintext.'),
  login: z.strictObject({ name: z.string(), mechanism: z.string() }).nullable(),
  cid: z.string().describe('Id of the connection, as in the log.'),
});

const origin = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('submission'),
    by: acceptance,
    author: z.string(),
    added: texts.describe('Header fields that were missing.'),
    removed: texts.describe('Header fields that must not travel.'),
    dkim: z.union([z.strictObject({ signatures: texts }), z.strictObject({ unsigned: z.string() })]),
    isChunked: z.boolean(),
    isConverted: z.literal(true).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('leftover'), by: acceptance, explanation: z.string().exactOptional() }),
]);

const storyEvent = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('queued'),
    atMs: timeMs,
    origin: origin.nullable(),
    wishes: texts.describe('Requests of the sender.'),
    holdUntilMs: timeMs.nullable(),
  }),
  z.strictObject({
    kind: z.literal('attempt'),
    atMs: timeMs,
    durationMs: z.number(),
    results: z
      .array(
        z.strictObject({
          recipients: texts,
          outcome: z.enum(['delivered', 'deferred', 'refused']),
          reply: z.string(),
        }),
      )
      .readonly(),
    host: z.string().nullable(),
    ip: z.string().nullable(),
    route: z.string().nullable(),
    session: sessionRecord.nullable(),
  }),
  z.strictObject({
    kind: z.literal('happened'),
    atMs: timeMs,
    what: z.string(),
    recipients: texts,
    detail: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    kind: z.literal('received'),
    atMs: timeMs,
    by: acceptance.nullable(),
    remoteIp: z.string().nullable(),
    checks: z.array(z.strictObject({ name: z.string(), result: z.string(), detail: z.string().nullable() })).readonly(),
    explanation: explanation.describe('Reason why it went where it went; null when nothing special was decided.'),
    sender: z.string().nullable(),
    recipient: z.string().nullable(),
  }),
  z.strictObject({
    kind: z.literal('moved'),
    atMs: timeMs,
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('copied'), atMs: timeMs, to: z.string().nullable() }),
  z.strictObject({ kind: z.literal('deleted'), atMs: timeMs }),
  z.strictObject({
    kind: z.literal('refused'),
    atMs: timeMs,
    lastMs: timeMs,
    times: z.number(),
    by: acceptance,
    stage: z.string().describe('The command that was refused.'),
    reply: z.string(),
    explanation: explanation.describe('Reason that the client did not learn; null when the reply says it all.'),
  }),
]);

const recipientNow = z.strictObject({
  id: z.string().describe('Of the queue: message.number.'),
  address: z.string(),
  state: recipientState,
  isHeld: z.boolean(),
  attempts: z.number(),
  nextAttemptMs: timeMs.nullable(),
  giveUpMs: timeMs.nullable(),
  lastReply: z.string().nullable(),
  isPaused: z.boolean().describe('Its transport was paused when it was due last.'),
  finishedMs: timeMs.nullable(),
  noticeOwed: z.string().nullable().describe('Notice that the sender has not received yet.'),
});

const placeNow = z.strictObject({ mailbox: z.string(), uid: z.number(), flags: texts });
const events = z.array(storyEvent).readonly().describe('In the order of time.');

/** Schema of what became of one message. */
export const story = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('outgoing'),
    id: queueNumber.describe('Of the message in the queue.'),
    messageId: z.string().nullable().describe('With angle brackets.'),
    account: z.string().nullable().describe('Account that submitted it, null for the server itself.'),
    sender: z.string().describe('Reverse-path; empty for the null one.'),
    sizeBytes: z.number(),
    events,
    recipients: z.array(recipientNow).readonly(),
  }),
  z.strictObject({
    kind: z.literal('incoming'),
    messageId: z.string().nullable(),
    account: z.string(),
    sender: z.string().nullable(),
    sizeBytes: z.number(),
    events,
    places: z.array(placeNow).readonly(),
  }),
  z.strictObject({
    kind: z.literal('refused'),
    sender: z.string(),
    recipient: z.string().describe('Empty when the sender was refused before any recipient was named.'),
    events,
  }),
]) satisfies z.ZodType<Story>;
