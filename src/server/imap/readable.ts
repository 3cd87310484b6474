import { NoBodyStructure } from '#lib/imap';
import { Unreadable, type ReadableMessage, type MessageRow } from '#proto/imap-server';
import { isMessageDamage } from '#server/conditions';

/** Turns the store's word for a damaged message into IMAP's; other errors stay what they are. */
function asUnreadable(error: unknown): unknown {
  return error instanceof NoBodyStructure || isMessageDamage(error) ? unreadable(error) : error;
}

/** Returns IMAP's error for a message that is damaged for the reason of `cause`. */
export function unreadable(cause: unknown): Unreadable {
  return new Unreadable(cause instanceof Error ? cause.message : String(cause), { cause });
}

/** Does `read`, whose failure is about one message. */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return rethrow(error);
  }
}

/** As `readable`, for bytes that may have to be waited for. */
export function readableBytes(read: () => Uint8Array | Promise<Uint8Array>): Uint8Array | Promise<Uint8Array> {
  const result = readable(read);
  return result instanceof Uint8Array ? result : result.catch(rethrow);
}

function rethrow(error: unknown): never {
  throw asUnreadable(error);
}

/**
 * Reads a batch of messages, and should that fail, each of them alone: a damaged page of the database is then about few of them.
 * `failed` stands in for a message that cannot be read. @throws the first error when none can.
 */
export async function readEach<T>(
  uids: Uint32Array,
  read: (uids: Uint32Array) => Promise<(T | null)[]>,
  failed: (error: Unreadable) => T,
): Promise<(T | null)[]> {
  try {
    return await read(uids);
  } catch (error) {
    if (uids.length < 2) throw error;
    const results: (T | null)[] = [];
    let failures = 0;
    for (let i = 0; i < uids.length; i += 1) {
      try {
        results.push(...(await read(uids.subarray(i, i + 1))));
      } catch (cause) {
        failures += 1;
        results.push(failed(new Unreadable(cause instanceof Error ? cause.message : String(cause), { cause })));
      }
    }
    if (failures === uids.length) throw error;
    return results;
  }
}

/** The columns of a message whose rows cannot be read: every look at them throws. */
export class DamagedRow implements MessageRow {
  readonly #error: Unreadable;

  constructor(error: Unreadable) {
    this.#error = error;
  }

  get sizeBytes(): never {
    throw this.#error;
  }

  get internalDateMs(): never {
    throw this.#error;
  }

  get saveDateMs(): never {
    throw this.#error;
  }

  get sentDayMs(): never {
    throw this.#error;
  }

  get envelope(): never {
    throw this.#error;
  }

  get body(): never {
    throw this.#error;
  }

  get bodyStructure(): never {
    throw this.#error;
  }

  get structure(): never {
    throw this.#error;
  }
}

/** The bytes of a message whose rows cannot be read. */
export function damagedMessage(error: Unreadable): ReadableMessage {
  const fail = (): never => {
    throw error;
  };
  return {
    get sizeBytes() {
      return fail();
    },
    get headerSizeBytes() {
      return fail();
    },
    hasNul: false,
    bytes: fail,
    piece: fail,
    damage: null,
  };
}
