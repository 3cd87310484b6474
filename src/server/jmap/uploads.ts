import { createHash } from 'node:crypto';
import type { AccountId } from '#lib/ids';
import type { Account } from '#mail/accounts';
import { ContentWriter, receivedMessageBytes, type ContentMemory, type MessageBytes } from '#mail/content';
import type { Clock } from '#ports/clock';

/** Bounds of what is uploaded and not used yet. */
const uploadLimits = {
  /** Time for which an upload is kept (RFC 8620 §6: an hour at least, while there is room). */
  keepMs: 60 * 60_000,
  /** Bytes of the uploads of one account. */
  maxAccountBytes: 200_000_000,
  /** Uploads of one account. */
  maxAccountUploads: 1000,
} as const;

/** Dependencies of `Uploads`. */
interface UploadsDeps {
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly memory: ContentMemory;
  readonly limits?: { readonly [name in keyof typeof uploadLimits]: number };
}

/** One upload: the content, and what drops it. */
interface Kept {
  readonly bytes: MessageBytes;
  readonly writer: ContentWriter;
  readonly expiry: Disposable;
}

/**
 * Uploaded bytes of each account that no message refers to yet. They are temporary: in memory while small, else incoming blobs, which are gone after a restart.
 * Their ids are digests, so that one id never means other bytes.
 */
export class Uploads {
  readonly #deps: UploadsDeps;
  readonly #limits: { readonly [name in keyof typeof uploadLimits]: number };
  /** By account and id, oldest first. */
  readonly #kept = new Map<AccountId, Map<string, Kept>>();

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
    this.#limits = deps.limits ?? uploadLimits;
  }

  /** Takes the bytes of one upload. Older ones of the account go where there is no room (RFC 8620 §6). @returns its id; null when it has more than `maxBytes`. */
  async take(
    account: Account,
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    maxBytes: number,
  ): Promise<{ readonly id: string; readonly sizeBytes: number } | null> {
    await using undo = new AsyncDisposableStack();
    const writer = undo.use(new ContentWriter({ blobs: account.blobs, memory: this.#deps.memory }));
    const hash = createHash('sha256');
    for await (const chunk of source) {
      if (writer.sizeBytes + chunk.length > maxBytes) return null;
      hash.update(chunk);
      const waiting = writer.write(chunk);
      if (waiting !== null) await waiting;
    }
    const body = await writer.finish();
    undo.move();
    const id = `U${hash.digest('hex')}`;
    await this.#drop(account.id, id);
    const expiry = this.#deps.clock.timer(this.#limits.keepMs, () => {
      // What cannot be removed now, the sweeper finds.
      this.#drop(account.id, id).catch(() => undefined);
    });
    const uploads = this.#kept.get(account.id) ?? new Map<string, Kept>();
    this.#kept.set(account.id, uploads);
    uploads.set(id, { bytes: receivedMessageBytes(account.blobs, body), writer, expiry });
    await this.#makeRoom(account.id, uploads);
    return { id, sizeBytes: body.sizeBytes };
  }

  /** Returns an upload of the account; null when there is none with this id, or not any more. */
  find(account: AccountId, id: string): MessageBytes | null {
    return this.#kept.get(account)?.get(id)?.bytes ?? null;
  }

  async #makeRoom(account: AccountId, uploads: ReadonlyMap<string, Kept>): Promise<void> {
    const { maxAccountBytes, maxAccountUploads } = this.#limits;
    let total = 0;
    for (const { bytes } of uploads.values()) total += bytes.sizeBytes;
    let left = uploads.size;
    for (const [id, { bytes }] of uploads) {
      if (left <= 1 || (left <= maxAccountUploads && total <= maxAccountBytes)) return;
      left -= 1;
      total -= bytes.sizeBytes;
      await this.#drop(account, id);
    }
  }

  async #drop(account: AccountId, id: string): Promise<void> {
    const uploads = this.#kept.get(account);
    const kept = uploads?.get(id);
    if (uploads === undefined || kept === undefined) return;
    uploads.delete(id);
    if (uploads.size === 0) this.#kept.delete(account);
    kept.expiry[Symbol.dispose]();
    await kept.writer.abort();
  }
}
