import { writeAddress, type Address } from '#lib/address';
import { convertMessage } from '#lib/conversion';
import { ContentWriter, placeInQueue } from '#mail/content';
import type { Signing } from '#mail/dkim';
import { Notify, type NewMessage, type Queue } from '#mail/queue';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Tx } from '#ports/database';
import type { Log } from '#ports/log';

/** Dependencies of sending notices to other servers. */
export interface DsnMailerDeps {
  readonly queue: Pick<Queue, 'enqueueIn'>;
  readonly blobs: BlobStore;
  readonly signing: Signing;
  readonly clock: Clock;
  readonly log: Log;
  /** Address that notices are from. */
  readonly from: Address;
}

const encoder = new TextEncoder();
const CR = 13;
const LF = 10;

/**
 * Sends notices about mail of strangers back by the queue: with the null reverse-path, so that nothing is ever sent in answer to them
 * (RFC 3461 §6.1, RFC 5321 §4.5.5), and signed with DKIM by the domain that reports.
 */
export class DsnMailer {
  readonly #deps: DsnMailerDeps;

  constructor(deps: DsnMailerDeps) {
    this.#deps = deps;
  }

  /**
   * Prepares a notice, all of its header fields included.
   * @returns what puts it into the queue, in a transaction on the server's database.
   * @throws Error when it cannot be signed although it should.
   */
  async prepare(notice: {
    readonly id: string;
    readonly to: Address;
    readonly bytes: Uint8Array;
    readonly requireTls: boolean;
  }): Promise<(tx: Tx) => Promise<void>> {
    const { queue, blobs, log } = this.#deps;
    const { id, to, requireTls } = notice;
    // RFC 6376 §5.3: in a form that every host takes, before it is signed. What is returned may hold anything.
    const bytes = convertMessage(notice.bytes);
    const signatures = await this.#sign(bytes);
    const writer = new ContentWriter({ blobs });
    await writer.write(bytes);
    const message: NewMessage = {
      account: null,
      sender: null,
      // RFC 3461 §6.1: any other NOTIFY than NEVER is forbidden.
      recipients: [{ address: to, notify: Notify.Never }],
      prefix: encoder.encode(signatures),
      body: await placeInQueue(blobs, await writer.finish()),
      has8bit: bytes.some(is8bit),
      smtputf8: headerOf(bytes).some(is8bit),
      messageId: messageIdOf(bytes),
      // RFC 8689 §5: as the message that it is about; with the null reverse-path it is never lost for that.
      tls: requireTls ? 'required' : 'default',
    };
    return async (tx) => {
      const queueId = await queue.enqueueIn(tx, message);
      tx.afterCommit(() => log.info('queue.noticeQueued', { notice: id, queueId, to: writeAddress(to, 'ascii') }));
    };
  }

  /** Returns DKIM-Signature fields, empty when no domain signs. */
  async #sign(bytes: Uint8Array): Promise<string> {
    const { signing, clock, from, log } = this.#deps;
    const choice = signing.plan.choose({ from, sender: null, nowMs: clock.now() });
    if (choice.kind === 'unsigned') return '';
    if (choice.kind === 'keyMissing')
      throw new Error(`the notice cannot be signed: the key ${choice.keyFile} of ${choice.domain} is missing`);
    choice.signer.push(bytes);
    const result = await choice.signer.finish();
    if (result.kind === 'signed') return result.fields;
    log.warn('dkim.unsignable', { domain: choice.domain, reason: result.reason });
    return '';
  }
}

function is8bit(byte: number): boolean {
  return byte > 127;
}

function headerOf(bytes: Uint8Array): Uint8Array {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return bytes.subarray(0, at + 1);
  }
  return bytes;
}

function messageIdOf(bytes: Uint8Array): string | null {
  return /^Message-ID: (<[^>]*>)/im.exec(new TextDecoder('latin1').decode(headerOf(bytes)))?.[1] ?? null;
}
