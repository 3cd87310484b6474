import { errorCode, type Files } from '#host/files';
import { parseSendmailArguments, type SendRequest } from './arguments.ts';
import { MessageInput } from './input.ts';
import type { MessageOrigin } from './prepare.ts';
import { parseSpoolName, spoolName, type SpoolName } from './spool-plan.ts';

/** A message that waits: what was asked, so that a corrected configuration helps, and the message with CRLF line ends. */
export interface SpooledMessage {
  readonly request: SendRequest;
  readonly origin: MessageOrigin;
  /** Recipients still owed, as addresses; null when all are. */
  readonly remaining: readonly string[] | null;
  /** Tries after the first. */
  readonly attempts: number;
  /** Reason why it waits. */
  readonly reason: string;
}

/** Limits of a user's spool. */
export interface SpoolLimits {
  readonly maxMessages: number;
  readonly maxMessageBytes: number;
}

/** Enough for a night without network; a loop that sends fails instead of filling the disk. */
const defaultSpoolLimits: SpoolLimits = { maxMessages: 1000, maxMessageBytes: 101 * 2 ** 20 };

/** The head of a message that `keep-raw.mjs` kept, because no Node was there that could read its arguments. */
interface RawHead extends Omit<SpooledMessage, 'request'> {
  readonly arguments: readonly string[];
}

const formatVersion = 1;
/** A lock is held for a moment; one that lasts longer is that of a process that died. */
const maxLockMs = 60_000;
const LF = 10;

/**
 * A folder of messages, one file each: a line of JSON, then the message. Files are whole or not there, on the disk when promised, and readable by
 * their owner only. Names hold the time, so that the order of names is that of arrival, and when to try again.
 */
export class Spool {
  readonly #files: Files;
  readonly folder: string;
  readonly #limits: SpoolLimits;

  constructor(files: Files, folder: string, limits: SpoolLimits = defaultSpoolLimits) {
    this.#files = files;
    this.folder = folder;
    this.#limits = limits;
  }

  /**
   * Keeps a message, for which there is always room when it was kept before; it is on the disk when this resolves.
   * @throws Error when there is no room. @returns the name of its file.
   */
  async keep(
    name: Omit<SpoolName, 'claimedMs'>,
    spooled: SpooledMessage,
    message: Uint8Array,
    wasKept = false,
  ): Promise<string> {
    await this.#files.ensureDirectory(this.folder);
    if (!wasKept && (await this.list()).length >= this.#limits.maxMessages)
      throw new Error(`${this.folder} holds ${this.#limits.maxMessages} messages already`);
    const head = new TextEncoder().encode(`${JSON.stringify({ version: formatVersion, ...spooled })}\n`);
    const bytes = new Uint8Array(head.length + message.length);
    bytes.set(head);
    bytes.set(message, head.length);
    if (bytes.length > this.#limits.maxMessageBytes) throw new Error('the message is too large to be kept');
    const file = spoolName({ ...name, claimedMs: null });
    await this.#files.write(this.#files.join(this.folder, file), bytes);
    return file;
  }

  /** Lists the spooled messages in the order of arrival. */
  async list(): Promise<SpoolName[]> {
    const entries = await this.#files.list(this.folder);
    const names = entries.flatMap(({ name, isDirectory }) => (isDirectory ? [] : [parseSpoolName(name)]));
    return names.filter((name) => name !== null).toSorted((a, b) => (spoolName(a) < spoolName(b) ? -1 : 1));
  }

  /** Takes a message for this process alone. @returns null when another was faster. */
  async claim(name: SpoolName, nowMs: number): Promise<SpoolName | null> {
    const claimed = { ...name, claimedMs: nowMs };
    const path = (file: string): string => this.#files.join(this.folder, file);
    // Windows renames what was opened, not what has the name: of two that rename at once both succeed, so only one at a time may.
    const lock = path(`${spoolName(name)}.lock`);
    if (!(await this.#acquire(lock, nowMs))) return null;
    try {
      await this.#files.rename(path(spoolName(name)), path(spoolName(claimed)));
      return claimed;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    } finally {
      await this.#files.remove(lock);
    }
  }

  /** Makes a file that only one process can make. That of a process which died is removed, so that the next flush acquires it. */
  async #acquire(lock: string, nowMs: number): Promise<boolean> {
    try {
      await (await this.#files.create(lock)).close();
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      const facts = await this.#files.facts(lock);
      if (facts !== null && nowMs - facts.modifiedMs > maxLockMs) await this.#files.remove(lock);
      return false;
    }
  }

  /** Reads a message. @throws Error when the file is not one of ours. */
  async read(name: SpoolName): Promise<{ readonly spooled: SpooledMessage; readonly message: Uint8Array }> {
    const path = this.#files.join(this.folder, spoolName(name));
    const bytes = await this.#files.read(path, this.#limits.maxMessageBytes);
    if (bytes === null) throw new Error(`${path} is gone`);
    const end = bytes.indexOf(LF);
    const head: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(end, 0))));
    if (typeof head !== 'object' || head === null || !('version' in head) || head.version !== formatVersion)
      throw new Error(`${path} is no message of this version`);
    const message = bytes.subarray(end + 1);
    if ('arguments' in head) return fromRaw(head as unknown as RawHead, message);
    return { spooled: head as unknown as SpooledMessage, message };
  }

  /** Removes a message that is done, or that was kept anew. */
  async remove(name: SpoolName): Promise<void> {
    await this.#files.remove(this.#files.join(this.folder, spoolName(name)));
  }
}

/** Reads the arguments and the input as they would have been read at once. @throws Error when they ask for nothing that can be sent. */
function fromRaw(
  { arguments: args, ...spooled }: RawHead,
  input: Uint8Array,
): { readonly spooled: SpooledMessage; readonly message: Uint8Array } {
  const command = parseSendmailArguments(args);
  if (command.kind !== 'send') throw new Error(command.kind === 'wrong' ? command.reason : 'it asks for no message');
  const message = new MessageInput(command);
  message.push(input);
  return { spooled: { ...spooled, request: command.request }, message: message.finish() };
}
