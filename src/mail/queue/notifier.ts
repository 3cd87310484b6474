import { encodeHex } from '#lib/codecs';
import { writeDsn, type DsnRecipient } from '#lib/dsn';
import type { AccountId } from '#lib/ids';
import type { BlobId, BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Tx } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { NoticeKind } from './advance.ts';
import { openContent } from './content.ts';
import { writeEvents } from './events.ts';
import { finishMessages } from './finish.ts';
import { ageStartMs, retryUntil } from './schedule.ts';
import type { QueueSettings } from './settings.ts';
import type { OutgoingContent } from './transmitter.ts';
import type { DsnSink } from './types.ts';

/** What `Notifier` needs. */
export interface NotifierDeps {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly sink: DsnSink;
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
      const row = await this.#deps.db.read((reader) =>
        reader.get<{ notice: string; due: number }>(sql`SELECT notice, notice_due_ms AS due FROM queue_recipient
          WHERE notice IS NOT NULL ORDER BY notice_due_ms LIMIT 1`),
      );
      if (row === undefined) return null;
      if (row.due > nowMs) return row.due;
      await this.#deps.db.durable();
      try {
        await this.#deliver(row.notice);
      } catch (cause) {
        this.#deps.log.error('queue.noticeFailed', { notice: row.notice }, cause);
        await this.#deps.db.write(
          (tx) =>
            tx.run(sql`UPDATE queue_recipient SET notice_due_ms = ${nowMs + retryMs} WHERE notice = ${row.notice}`),
          'reserve',
        );
      }
    }
    return null;
  }

  async #deliver(notice: string): Promise<void> {
    const rows = await this.#deps.db.read((reader) =>
      reader.all<NoticeRow>(sql`SELECT r.message, m.account, m.sender, m.message_id AS "messageId", m.envid, m.ret, m.tls, m.smtputf8,
        m.prefix, m.body_size_bytes AS "bodySizeBytes", m.blob_id AS "blobId", m.received_ms AS "receivedMs", m.start_ms AS "startMs",
        r.address, r.orcpt, r.notice_kind AS "kind", r.last_status AS "lastStatus", r.last_reply AS "lastReply",
        r.last_reply_is_smtp AS "lastReplyIsSmtp", r.last_host AS "lastHost", r.last_attempt_ms AS "lastAttemptMs", r.released_ms AS "releasedMs"
        FROM queue_recipient r JOIN queue_message m ON m.id = r.message WHERE r.notice = ${notice} ORDER BY r.id`),
    );
    const [first] = rows;
    if (first === undefined) return;
    const bytes = await this.#write(notice, first, rows);
    const steps: ((tx: Tx) => Promise<void>)[] = [];
    const whenTold = (step: (tx: Tx) => Promise<void>): void => void steps.push(step);
    await this.#deps.sink.deliverDsn({
      id: notice,
      account: first.account,
      to: first.sender,
      bytes,
      requireTls: first.tls === 'required',
      whenTold,
    });
    const nowMs = this.#deps.clock.now();
    const told = { notice: first.kind, to: first.sender, messageId: this.#messageId(notice, first) };
    const isOurs = await this.#deps.db.write(async (tx) => {
      const rowsTold = await writeEvents(tx, sql`(SELECT id FROM queue_recipient WHERE notice = ${notice})`, {
        atMs: nowMs,
        kind: 'told',
        detail: told,
      });
      // Another process was faster, or an outcome superseded the notice: what this one wanted to do is not to be done twice.
      if (rowsTold === 0) return false;
      for (const step of steps) await step(tx);
      await tx.run(
        sql`UPDATE queue_recipient SET notice = NULL, notice_kind = NULL, notice_due_ms = NULL WHERE notice = ${notice}`,
      );
      await finishMessages(tx, [first.message], { nowMs, keepFinishedMs: this.#deps.settings.keepFinishedMs });
      return true;
    }, 'reserve');
    if (!isOurs) return;
    this.#deps.log.info('queue.senderTold', { notice, kind: first.kind, recipients: rows.length });
  }

  async #write(notice: string, first: NoticeRow, rows: readonly NoticeRow[]): Promise<Uint8Array> {
    const { db, blobs, settings, random, clock } = this.#deps;
    const content = await openContent(db, blobs, first);
    // RFC 3461 §4.3: RET concerns failures only; everything else returns the header. So does REQUIRETLS (RFC 8689 §5).
    const returnFull =
      first.ret === 'full' &&
      first.tls !== 'required' &&
      first.kind === 'failed' &&
      content.sizeBytes <= settings.maxReturnedBytes;
    const token = encodeHex(random.bytes(16));
    return writeDsn({
      kind: first.kind,
      reportingMta: settings.reportingMta,
      from: settings.dsnFrom,
      to: first.sender,
      originalMessageId: first.messageId,
      original: returnFull ? await content.bytes(0, content.sizeBytes) : await headerOf(content),
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

  /** The same whenever the notice is written again, so that whoever has it already can tell. */
  #messageId(notice: string, { receivedMs }: NoticeRow): string {
    return `<${notice}.${receivedMs.toString(36)}@${this.#deps.settings.reportingMta}>`;
  }
}

interface NoticeRow {
  readonly message: number;
  readonly account: AccountId | null;
  readonly sender: string;
  readonly messageId: string | null;
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  readonly tls: 'default' | 'required' | 'optional';
  readonly smtputf8: number;
  readonly prefix: Uint8Array;
  readonly bodySizeBytes: number;
  readonly blobId: BlobId | null;
  readonly receivedMs: number;
  readonly startMs: number;
  readonly address: string;
  readonly orcpt: string | null;
  readonly kind: NoticeKind;
  readonly lastStatus: string | null;
  readonly lastReply: string | null;
  readonly lastReplyIsSmtp: number;
  readonly lastHost: string | null;
  readonly lastAttemptMs: number | null;
  readonly releasedMs: number | null;
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

async function headerOf(content: OutgoingContent): Promise<Uint8Array> {
  const start = await content.bytes(0, maxHeaderBytes);
  for (let lf = start.indexOf(10); lf >= 0; lf = start.indexOf(10, lf + 1)) {
    if (start[lf + 1] === 10 || (start[lf + 1] === 13 && start[lf + 2] === 10)) return start.subarray(0, lf + 1);
  }
  // No empty line: a header without a body, or one too long to return whole, cut at the end of a line.
  return start.subarray(0, start.lastIndexOf(10) + 1);
}
