import { encodeHex } from '#lib/codecs';
import { writeDsn, type DsnRecipient } from '#lib/dsn';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { ConditionError, type ConditionKind } from '#ports/conditions';
import type { Database, Tx } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { openContent } from './content.ts';
import { writeEvents } from './events.ts';
import { finishMessages } from './finish.ts';
import type { QueueFollower } from './follower.ts';
import type { NoticeRow } from './recipient-row.ts';
import { clearNotice, firstNotice, postponeNotice, recipientsOfNotice, selectRecipients } from './recipient-rows.ts';
import { ageStartMs, retryUntil } from './schedule.ts';
import type { QueueSettings } from './settings.ts';
import type { OutgoingContent } from './transmitter.ts';
import { storedAddress } from './stored-address.ts';
import type { DsnSink } from './types.ts';

/** Dependencies of `Notifier`. */
export interface NotifierDeps {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly sink: DsnSink;
  /** Follows what accounts submitted; null for none. */
  readonly follower: QueueFollower | null;
  readonly settings: QueueSettings & {
    /** Host name that reports, and the address that notifications are from. */
    readonly reportingMta: string;
    readonly dsnFrom: string;
  };
}

const retryMs = 5 * 60_000;
const maxHeaderBytes = 64 * 1024;

/**
 * Tells senders what the rows owe them. A notice is recorded with the outcome, delivered here, and only then cleared,
 * so that a crash may repeat a delivery with the same id but never forget one.
 */
export class Notifier {
  readonly #deps: NotifierDeps;

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
  }

  /** Delivers all notices that are due. @returns when the next one is due, null when none is left. Milliseconds since 1970. */
  async deliverDue(signal: AbortSignal): Promise<number | null> {
    while (!signal.aborted) {
      const nowMs = this.#deps.clock.now();
      const row = await this.#deps.db.read(firstNotice);
      if (row === null) return null;
      if (row.dueMs > nowMs) return row.dueMs;
      await this.#deps.db.durable();
      try {
        await this.#deliver(row.notice);
      } catch (cause) {
        this.#deps.log.error('queue.noticeFailed', { notice: row.notice }, cause);
        await this.#deps.db.write((tx) => postponeNotice(tx, row.notice, nowMs + retryMs), 'reserve');
      }
    }
    return null;
  }

  async #deliver(notice: string): Promise<void> {
    const rows = await this.#deps.db.read((reader) => recipientsOfNotice(reader, notice));
    const [first] = rows;
    if (first === undefined) return;
    const bytes = await this.#write(notice, first, rows);
    const steps: ((tx: Tx) => Promise<void>)[] = [];
    const whenTold = (step: (tx: Tx) => Promise<void>): void => void steps.push(step);
    await this.#deps.sink.deliverDsn({
      id: notice,
      account: first.account,
      to: storedAddress(first.sender),
      bytes,
      requireTls: first.tls === 'required',
      whenTold,
    });
    const nowMs = this.#deps.clock.now();
    const messageId = this.#messageId(notice, first);
    const told = { notice: first.kind, to: first.sender, messageId };
    const { settings, follower } = this.#deps;
    const isOurs = await this.#deps.db.write(async (tx) => {
      const rowsTold = await writeEvents(tx, selectRecipients({ notice }), {
        atMs: nowMs,
        kind: 'told',
        detail: told,
      });
      // Another process was faster, or an outcome superseded the notice: what this one wanted to do is not to be done twice.
      if (rowsTold === 0) return false;
      for (const step of steps) await step(tx);
      await clearNotice(tx, notice);
      await follower?.noticedIn(tx, { message: first.message, number: null, action: null, reply: null, messageId });
      await finishMessages(tx, [first.message], { nowMs, keepFinishedMs: settings.keepFinishedMs, follower });
      return true;
    }, 'reserve');
    if (!isOurs) return;
    this.#deps.log.info('queue.senderTold', { notice, kind: first.kind, recipients: rows.length });
  }

  async #write(notice: string, first: NoticeRow, rows: readonly NoticeRow[]): Promise<Uint8Array> {
    const { db, blobs, settings, random, clock } = this.#deps;
    // RFC 3461 §4.3: RET concerns failures only; everything else returns the header. So does REQUIRETLS (RFC 8689 §5).
    const mayReturnFull = first.ret === 'full' && first.tls !== 'required' && first.kind === 'failed';
    const { original, returnFull } = await quoted(first, mayReturnFull ? settings.maxReturnedBytes : 0, () =>
      openContent(db, blobs, first),
    );
    const token = encodeHex(random.bytes(16));
    return writeDsn({
      kind: first.kind,
      reportingMta: settings.reportingMta,
      from: settings.dsnFrom,
      to: first.sender,
      originalMessageId: first.messageId,
      original,
      returnFull,
      perRecipient: rows.map((row) => dsnRecipient(row, settings)),
      arrivalMs: first.receivedMs,
      envelopeId: first.envid,
      messageId: this.#messageId(notice, first),
      nowMs: clock.now(),
      boundary: `dsn-${token}`,
      smtputf8: first.smtputf8 !== 0,
    });
  }

  /** The same whenever the notice is written again, so that a recipient of both can tell. */
  #messageId(notice: string, { receivedMs }: NoticeRow): string {
    return `<${notice}.${receivedMs.toString(36)}@${this.#deps.settings.reportingMta}>`;
  }
}

/** RFC 3463 §2: success, trouble that may pass, failure. */
const statusClasses = { failed: 5, delayed: 4, delivered: 2, relayed: 2 } as const;

function dsnRecipient(row: NoticeRow, settings: QueueSettings): DsnRecipient {
  return {
    finalRecipient: row.address,
    originalRecipient: row.orcpt,
    action: row.kind,
    status: row.lastStatus ?? `${statusClasses[row.kind]}.0.0`,
    remoteMta: row.lastHost,
    diagnostic: row.lastReply,
    diagnosticIsSmtp: row.lastReplyIsSmtp !== 0,
    lastAttemptMs: row.lastAttemptMs,
    willRetryUntilMs: row.kind === 'delayed' ? retryUntil(ageStartMs(row, row), settings) : null,
  };
}

/**
 * Returns the part of a message that its notice quotes: all of it up to `maxFullBytes`, else the header. Of a message that is damaged or missing it is the
 * header fields that we added: its sender gets the notice all the same.
 */
async function quoted(
  { prefix }: NoticeRow,
  maxFullBytes: number,
  open: () => Promise<OutgoingContent>,
): Promise<{ readonly original: Uint8Array; readonly returnFull: boolean }> {
  try {
    const content = await open();
    const returnFull = content.sizeBytes <= maxFullBytes;
    return { original: returnFull ? await content.bytes(0, content.sizeBytes) : await headerOf(content), returnFull };
  } catch (error) {
    if (!(error instanceof ConditionError) || !isLost.has(error.kind)) throw error;
    return { original: prefix, returnFull: false };
  }
}

/** Conditions of a message that does not come back without an operator. */
const isLost: ReadonlySet<ConditionKind> = new Set(['damaged', 'blobMissing']);

async function headerOf(content: OutgoingContent): Promise<Uint8Array> {
  const start = await content.bytes(0, maxHeaderBytes);
  for (let lf = start.indexOf(10); lf >= 0; lf = start.indexOf(10, lf + 1)) {
    if (start[lf + 1] === 10 || (start[lf + 1] === 13 && start[lf + 2] === 10)) return start.subarray(0, lf + 1);
  }
  // No empty line: a header without a body, or one too long to return whole, cut at the end of a line.
  return start.subarray(0, start.lastIndexOf(10) + 1);
}
