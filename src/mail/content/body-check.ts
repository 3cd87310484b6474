import { crc32 } from 'node:zlib';
import { ConditionError } from '#ports/conditions';

/** A stored message whose bytes are not what its row says: it was damaged after it was stored. */
export class ContentDamaged extends ConditionError {
  override readonly name = 'ContentDamaged';

  /**
   * @param file  The file that holds the bytes, below the data directory.
   * @param what  What is wrong with them, for operators.
   */
  constructor(file: string, what: string) {
    super('damaged', file, { message: what });
  }
}

/** Facts of a body, as its row states them. */
export interface BodyFacts {
  readonly sizeBytes: number;
  /** Null for bodies that were stored before there were checksums. */
  readonly crc32: number | null;
  /** The file that holds the bytes, below the data directory. */
  readonly file: string;
}

/** Compares a body with its checksum while it is read, as far as it is read from its beginning to its end in order. */
export class BodyCheck {
  readonly #facts: BodyFacts;
  /** Bytes seen so far, -1 when some were passed over. */
  #seenBytes = 0;
  #crc32 = 0;
  #damage: ContentDamaged | null = null;

  constructor(facts: BodyFacts) {
    this.#facts = facts;
  }

  /** Damage that was found when the last piece of several had been read; null when none was found, or not all was read. */
  get damage(): ContentDamaged | null {
    return this.#damage;
  }

  /** Takes note of bytes that were read. @throws ContentDamaged when they are the whole body, so that nothing of it was used before. */
  see(start: number, bytes: Uint8Array): void {
    const { sizeBytes, crc32: expected, file } = this.#facts;
    if (expected === null) return;
    if (start === 0) {
      this.#seenBytes = 0;
      this.#crc32 = 0;
    } else if (start !== this.#seenBytes) {
      this.#seenBytes = -1;
      return;
    }
    this.#crc32 = crc32(bytes, this.#crc32);
    this.#seenBytes += bytes.length;
    if (this.#seenBytes < sizeBytes || this.#crc32 === expected) return;
    const damage = new ContentDamaged(file, 'it has other bytes than were stored: its checksum is wrong');
    if (start === 0) throw damage;
    this.#damage = damage;
  }
}
