import type { FetchCommand } from '#lib/imap';
import { SystemFlag } from '#lib/flags';
import type { Context } from '../context.ts';
import { type MessageFailures, refusalFor } from '../failures.ts';
import { FieldsReader } from '../fetch/fields-reader.ts';
import { type FetchedMessage, MessageWriter } from '../fetch/message-writer.ts';
import { type FetchPlan, planFetch } from '../fetch/plan.ts';
import { type PositionRange, uidsAt } from '../message-set.ts';
import { Bad, No, Unreadable } from '../refusal.ts';
import type { OutputMark } from '../output.ts';
import type { MailboxImage, ReadableMessage, MessageRow } from '../selected-mailbox.ts';
import type { Selection } from '../selection.ts';
import { positionOf } from '../view.ts';
import type { Handler } from './handler.ts';

/** FETCH and UID FETCH (RFC 9051 §6.4.5). */
export const fetch: Handler<FetchCommand> = {
  state: 'selected',
  updates: (command) => (command.uid ? 'all' : 'withoutExpunge'),
  async run(context, command) {
    const selection = context.selected();
    if (command.changedSince !== null || command.vanished) throw new Bad('CONDSTORE and QRESYNC are not offered');
    const ranges = selection.positions(command.set, command.uid);
    const plan = planFetch(command.items, command.uid, selection.isReadOnly);
    const writer = new MessageWriter(context);
    const isInMemory = plan.columns === null && plan.contents === null && plan.fields.length === 0;
    const failures: MessageFailures = new Map();
    const gone = isInMemory
      ? await writeFromImage(context, selection, ranges, plan, writer)
      : await writeInBatches(context, selection, ranges, plan, writer, failures);
    if (failures.size > 0) throw refusalFor(context, failures, 'the others were sent');
    // RFC 5530 §3: EXPUNGEISSUED. RFC 9051 §7.5.1: EXPUNGE MUST NOT be sent now. RFC 9051 §6.4.9: UIDs that do not exist are ignored without an error.
    if (gone > 0 && !command.uid) throw new No('EXPUNGEISSUED', 'some of the messages were expunged');
    return 'fetched';
  },
};

/** Writes FLAGS, UID and MODSEQ from the typed arrays. Returns the number of messages that are gone. */
async function writeFromImage(
  context: Context,
  selection: Selection,
  ranges: readonly PositionRange[],
  plan: FetchPlan,
  writer: MessageWriter,
): Promise<number> {
  const { output } = context;
  const { image } = selection.mailbox;
  const { uids } = selection.view;
  let gone = 0;
  for (const { start, end } of ranges) {
    for (let position = start; position < end; position++) {
      const uid = uids[position] ?? 0;
      const at = image.uids[position] === uid ? position : positionOf(image.uids, uid);
      if (at < 0) {
        gone++;
        continue;
      }
      writer.start(position + 1);
      let isFirst = true;
      for (const item of plan.items) {
        if (!isFirst) output.byte(32);
        isFirst = false;
        writer.simple(item, uid, image, at);
      }
      output.text(')\r\n');
      if (output.isFull) await output.spill();
    }
  }
  return gone;
}

/**
 * Reads rows and contents in batches, and writes with nothing held open. Returns the number of messages that are gone. Messages that
 * cannot be sent are left out and added to `failures`.
 */
async function writeInBatches(
  context: Context,
  selection: Selection,
  ranges: readonly PositionRange[],
  plan: FetchPlan,
  writer: MessageWriter,
  failures: MessageFailures,
): Promise<number> {
  const { limits } = context.deps.options;
  const batchSize = plan.contents === 'all' ? limits.maxContentBatch : limits.maxRowBatch;
  const reader = new FieldsReader(selection.mailbox, plan, uidsAt(ranges, selection.view.uids));
  let gone = 0;
  let batch: number[] = [];
  for (const { start, end } of ranges) {
    for (let position = start; position < end; position++) {
      batch.push(position);
      if (batch.length < batchSize) continue;
      gone += await writeBatch(context, selection, batch, plan, reader, writer, failures);
      batch = [];
    }
  }
  if (batch.length > 0) gone += await writeBatch(context, selection, batch, plan, reader, writer, failures);
  return gone;
}

async function writeBatch(
  context: Context,
  selection: Selection,
  batch: readonly number[],
  plan: FetchPlan,
  reader: FieldsReader,
  writer: MessageWriter,
  failures: MessageFailures,
): Promise<number> {
  const { mailbox, view } = selection;
  const uids = Uint32Array.from(batch, (position) => view.uids[position] ?? 0);
  const rows = await reader.rows(uids);
  const contents = plan.contents === null ? null : await mailbox.contents(uids, plan.contents);
  const fields = await reader.fields(uids);
  const pause = context.deps.loop.pause();
  if (pause !== null) await pause;
  const marked = plan.setsSeen ? await markSeen(selection, uids) : none;
  const { image } = mailbox;
  const missing: MessageFailures = new Map();
  const { output, deps } = context;
  for (let i = 0; i < batch.length; i++) {
    const uid = uids[i] ?? 0;
    const found = rows?.[i] ?? null;
    const row = found === 'large' ? await rowAlone(selection, uid, plan) : found;
    const areFieldsRead = fields === null || fields.isComplete(i);
    const content = areFieldsRead ? (contents?.[i] ?? null) : await headerAlone(selection, uid);
    const position = batch[i] ?? 0;
    const at = image.uids[position] === uid ? position : positionOf(image.uids, uid);
    const isContentMissing = content === null && (contents !== null || !areFieldsRead);
    if ((rows !== null && row === null) || isContentMissing || at < 0) {
      missing.set(uid, new Unreadable('rows of the message are missing'));
      continue;
    }
    const message = { uid, number: position + 1, at, image, row, content, fields, index: i };
    const written = writeMessage(context, plan, writer, message, marked.has(uid), missing);
    if (written !== null) await written;
    const waiting = output.isFull ? output.spill() : deps.loop.pause();
    if (waiting !== null) await waiting;
  }
  return missing.size === 0 ? 0 : await countGone(selection, missing, failures);
}

/** Counts the missing messages that were expunged. The others, which the mailbox still lists, are damaged and added to `failures`. */
async function countGone(
  { mailbox }: Selection,
  missing: ReadonlyMap<number, No | Unreadable>,
  failures: MessageFailures,
): Promise<number> {
  const uids = (await mailbox.refresh())?.uids ?? new Uint32Array(0);
  let gone = 0;
  for (const [uid, failure] of missing) {
    if (positionOf(uids, uid) < 0) gone++;
    else failures.set(uid, failure);
  }
  return gone;
}

/** Reads the header of a message whose fields could not be read without it. Returns null when the message is gone. */
async function headerAlone(selection: Selection, uid: number): Promise<ReadableMessage | null> {
  const [content = null] = await selection.mailbox.contents(Uint32Array.of(uid), 'header');
  return content;
}

/** Reads a row with large columns; the next one is read after this one is written. Returns null when the message is gone. */
async function rowAlone(selection: Selection, uid: number, { columns }: FetchPlan): Promise<MessageRow | null> {
  if (columns === null) return null;
  const [row = null] = await selection.mailbox.rows(Uint32Array.of(uid), columns);
  return row === 'large' ? null : row;
}

const none: ReadonlySet<number> = new Set();

/** Sets \Seen where it is missing, in one change (RFC 9051 §6.4.5). Returns the UIDs that were changed. */
async function markSeen(selection: Selection, uids: Uint32Array): Promise<ReadonlySet<number>> {
  const { image } = selection.mailbox;
  const unseen = uids.filter((uid) => isUnseen(image, positionOf(image.uids, uid)));
  if (unseen.length === 0) return none;
  const { modSeqs } = await selection.mailbox.store(unseen, { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  selection.view.noteOwn(modSeqs);
  return new Set(unseen);
}

function isUnseen(image: MailboxImage, at: number): boolean {
  return at >= 0 && (image.flagTable.at(image.flagSets[at] ?? 0).bits & SystemFlag.Seen) === 0;
}

/**
 * Writes one FETCH response. Adds to `failures` the reason why it cannot be sent, with nothing written, or is damaged.
 * Returns null when there is nothing to wait for.
 */
function writeMessage(
  context: Context,
  plan: FetchPlan,
  writer: MessageWriter,
  message: FetchedMessage,
  isMarked: boolean,
  failures: MessageFailures,
): Promise<void> | null {
  const mark = context.output.mark();
  try {
    writer.start(message.number);
    const waiting = writeItems(context, plan, writer, message, 0);
    if (waiting === null) finishMessage(context, plan, writer, message, isMarked, failures);
    return waiting === null
      ? null
      : waiting.then(
          () => finishMessage(context, plan, writer, message, isMarked, failures),
          (error: unknown) => void failures.set(message.uid, failureOf(context, mark, error)),
        );
  } catch (error) {
    failures.set(message.uid, failureOf(context, mark, error));
    return null;
  }
}

/** Writes the items from the given position on. */
function writeItems(
  context: Context,
  plan: FetchPlan,
  writer: MessageWriter,
  message: FetchedMessage,
  from: number,
): Promise<void> | null {
  for (let i = from; i < plan.items.length; i++) {
    const item = plan.items[i];
    if (item === undefined) continue;
    if (i > 0) context.output.byte(32);
    const waiting = writer.item(item, message);
    if (waiting !== null) return waiting.then(() => writeItems(context, plan, writer, message, i + 1) ?? undefined);
  }
  return null;
}

function finishMessage(
  { output }: Context,
  plan: FetchPlan,
  writer: MessageWriter,
  { uid, image, at, content }: FetchedMessage,
  isMarked: boolean,
  failures: MessageFailures,
): void {
  // RFC 9051 §6.4.5: when \Seen is set implicitly, the flags SHOULD be included in the response.
  if (isMarked && !plan.wantsFlags) {
    output.byte(32);
    writer.simple({ kind: 'flags' }, uid, image, at);
  }
  output.text(')\r\n');
  const damage = content?.damage ?? null;
  if (damage !== null) failures.set(uid, damage);
}

/** Rolls back a response that cannot be finished; if part of it was sent, marks the connection as unusable. @throws errors that are not about the message. */
function failureOf(context: Context, mark: OutputMark, error: unknown): No | Unreadable {
  if (!context.output.rollBack(mark)) context.isMidResponse = true;
  else if (error instanceof Unreadable || error instanceof No) return error;
  throw error;
}
