import type { DiskReserve, DiskSpace } from '#host/disk-reserve';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { conditionLimits } from './limits.ts';
import { Repeated } from './repeated.ts';

/** The disk with the data, as `godwit status` shows it. */
export interface DiskFacts {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** `low`: a warning; `full`: mail is refused, and only what frees space may write. */
  readonly state: 'ok' | 'low' | 'full';
}

/** Dependencies of the watch over the disk. */
export interface DiskWatchDeps {
  readonly reserve: DiskReserve;
  /** Free space below which there is a warning; on small disks a tenth of them. 0 never warns. */
  readonly warnBelowBytes: number;
  /** Gives space inside of files back to the file system; called while there is too little. */
  readonly giveBack: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const largestWarning = 1 / 10;

/** Looks at the disk every few seconds until disposed: warns before it is full, and makes the reserve again when there is room. */
export class DiskWatch implements AsyncDisposable {
  readonly #deps: DiskWatchDeps;
  #space: DiskSpace | null = null;
  readonly #looks: Repeated;
  #warnedMs: number | null = null;
  #wasShort = false;

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
    this.#looks = new Repeated(deps.clock, conditionLimits.lookMs, () => this.#look());
  }

  /** Looks once, then again and again. */
  async start(): Promise<void> {
    await this.#look();
    this.#looks.start();
  }

  /** State of the disk at the last look; null where space cannot be measured. */
  get facts(): DiskFacts | null {
    if (this.#space === null) return null;
    const { freeBytes, totalBytes } = this.#space;
    return { freeBytes, totalBytes, state: this.#deps.reserve.isShort ? 'full' : this.#isLow ? 'low' : 'ok' };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#looks[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const { reserve, giveBack, log } = this.#deps;
    try {
      this.#wasShort ||= reserve.isShort;
      if (reserve.isShort) await giveBack();
      this.#space = await reserve.look();
    } catch (error) {
      log.warn('disk.lookFailed', { reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.#tell();
  }

  #tell(): void {
    const { reserve, log, clock } = this.#deps;
    const fields = { freeBytes: this.#space?.freeBytes, totalBytes: this.#space?.totalBytes };
    if (reserve.isShort && !this.#wasShort) log.error('disk.full', { ...fields, fix: fullFix });
    if (!reserve.isShort && this.#wasShort) log.info('disk.hasRoomAgain', fields);
    this.#wasShort = reserve.isShort;
    if (!this.#isLow) {
      this.#warnedMs = null;
      return;
    }
    const nowMs = clock.monotonic();
    if (this.#warnedMs !== null && nowMs - this.#warnedMs < conditionLimits.lowAgainMs) return;
    this.#warnedMs = nowMs;
    log.warn('disk.low', { ...fields, fix: lowFix });
  }

  get #isLow(): boolean {
    if (this.#space === null) return false;
    const { freeBytes, totalBytes } = this.#space;
    return freeBytes < Math.min(this.#deps.warnBelowBytes, totalBytes * largestWarning);
  }
}

const lowFix = 'free space before mail is refused; disk.warnBelow in server.yaml sets when this is logged';
const fullFix = 'mail is refused until there is room; free space, the server notices by itself';
