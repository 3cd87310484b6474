import { tooBigText } from './too-big.ts';
import { type FlagList, type ImapEvent, writeSequenceSet } from '#lib/imap';
import type { AppendBatch, AppendSink } from './backend.ts';
import { withConditions } from './conditions.ts';
import type { Context } from './context.ts';
import { knownName } from './mailbox-name.ts';
import { Bad, Bye, No } from './refusal.ts';

type AppendMessage = Extract<ImapEvent, { kind: 'appendMessage' }>;

/**
 * APPEND (RFC 9051 §6.3.12) of one or more messages (RFC 3502 §6.3.11), streamed to the backend. Returns the text of the tagged OK.
 * A refusal at any point skips the rest of the command. @throws No, Bad or Bye
 */
export async function receiveAppend(context: Context, mailbox: string): Promise<string> {
  try {
    if (context.account === null) throw new Bad('log in first');
    context.requireWritable();
    const name = knownName(mailbox);
    await using batch = await context.account.append(name);
    const text = await receiveMessages(context, batch);
    // RFC 9051 §6.3.12: if the mailbox is selected, the server SHOULD send EXISTS immediately.
    await context.selection?.report(context.output, true);
    return text;
  } catch (thrown) {
    const error = withConditions(thrown);
    // When the mailbox was refused, the first message's announcement waits in the codec.
    const next = error instanceof No ? context.codec.next() : null;
    context.codec.skipCommand();
    if (next?.kind === 'appendMessage') endIfHuge(context, next);
    throw error;
  }
}

/** Ends the connection when a refused message is too large to be read and dropped (RFC 7888 §4). @throws Bye */
function endIfHuge(context: Context, event: AppendMessage): void {
  const { maxSkippedBytes } = context.deps.options.limits;
  if (!event.needsContinuation && event.sizeBytes > maxSkippedBytes) throw new Bye('message refused', 'TOOBIG');
}

async function receiveMessages(context: Context, batch: AppendBatch): Promise<string> {
  const { input } = context;
  const { literalTimeoutMs } = context.deps.options.limits;
  let isCancelled = false;
  for (;;) {
    const event = await input.next(literalTimeoutMs);
    if (event === null) throw new Bye('connection ended');
    switch (event.kind) {
      case 'appendMessage':
        // RFC 3502 §6.3.11: an empty literal cancels the whole command.
        if (event.sizeBytes === 0) {
          if (event.needsContinuation) await goOn(context);
          isCancelled = true;
        } else {
          await receiveMessage(context, batch, event);
        }
        break;
      case 'appendMessageEnd':
        break;
      case 'appendEnd': {
        if (isCancelled) throw new No(null, 'append cancelled by an empty message');
        const { uidValidity, uids } = await batch.commit();
        // RFC 9051 §6.3.12: APPENDUID on success; RFC 3502 §6.3.11: the UIDs in the order of the messages.
        return `[APPENDUID ${uidValidity} ${writeSequenceSet(uids)}] appended`;
      }
      case 'invalid':
        throw new Bad(`syntax error: ${event.reason}`);
      case 'tooBig':
        if (event.skipsBytes > context.deps.options.limits.maxSkippedBytes) throw new Bye(tooBigText(event), 'TOOBIG');
        throw new No('TOOBIG', tooBigText(event));
      default:
        throw new Bad('expected a message');
    }
  }
}

async function receiveMessage(context: Context, batch: AppendBatch, event: AppendMessage): Promise<void> {
  const { limits } = context.deps.options;
  const { maxAppendMessages } = limits;
  if (event.index >= maxAppendMessages)
    // RFC 5530 §3: LIMIT is the code for an implementation limit.
    throw new No('LIMIT', `too many messages in one APPEND: the limit is ${maxAppendMessages}`);
  if (event.sizeBytes > context.appendLimitBytes) {
    endIfHuge(context, event);
    // RFC 7889 §4: a message over the announced limit SHALL be rejected with TOOBIG.
    throw new No('TOOBIG', `message larger than ${context.appendLimitBytes} bytes`);
  }
  refuseUnknown(event.flags);
  // RFC 6855 §4: the UTF8 data extension needs UTF8=ACCEPT, which a client MUST enable (RFC 6855 §3).
  if (event.isUtf8 && !context.isUtf8) throw new Bad('enable UTF8=ACCEPT first');
  const sink = await beginMessage(batch, event).catch((thrown: unknown) => {
    const error = withConditions(thrown);
    if (error instanceof No) endIfHuge(context, event);
    throw error;
  });
  if (event.needsContinuation) await goOn(context);
  await receiveBytes(context, sink);
  await sink.finish();
}

function beginMessage(batch: AppendBatch, event: AppendMessage): Promise<AppendSink> {
  return batch.message({
    flagBits: event.flags.bits,
    keywords: event.flags.keywords,
    internalDateMs: event.internalDateMs,
    sizeBytes: event.sizeBytes,
  });
}

async function receiveBytes(context: Context, sink: AppendSink): Promise<void> {
  for (;;) {
    const event = await context.input.next(context.deps.options.limits.literalTimeoutMs);
    if (event === null) throw new Bye('connection ended');
    if (event.kind === 'appendMessageEnd') return;
    if (event.kind !== 'appendData') throw new Bad('expected the bytes of a message');
    await sink.write(event.bytes);
    // A fast client always has more input waiting.
    const pause = context.deps.loop.pause();
    if (pause !== null) await pause;
  }
}

async function goOn(context: Context): Promise<void> {
  context.output.line('+ send the message');
  await context.output.drain();
}

/** Refuses unknown system flags. \Recent, which clients cannot set (RFC 3501 §2.3.2), is ignored: some clients copy it from other messages. */
function refuseUnknown(flags: FlagList): void {
  const unknown = flags.unknown.find((flag) => flag !== '\\recent');
  if (unknown !== undefined) throw new No('CANNOT', 'only the five system flags and keywords can be set');
}
