import { ConditionError } from '#ports/conditions';
import type { SyncHandle } from '#ports/file-system';
import type { Files } from './files.ts';

/** A folder that the server keeps, with an open handle that tells a folder that was removed from one that was moved away. */
export class FolderGuard implements AsyncDisposable {
  readonly #files: Files;
  readonly #path: string;
  /** Null where folders cannot be opened, as on Windows. */
  #handle: SyncHandle | null;

  private constructor(files: Files, path: string, handle: SyncHandle | null) {
    this.#files = files;
    this.#path = path;
    this.#handle = handle;
  }

  /** Makes the folder where it is missing, and guards it. */
  static async open(files: Files, path: string): Promise<FolderGuard> {
    await files.ensureDirectory(path);
    return new FolderGuard(files, path, await handleOn(files, path));
  }

  /**
   * Makes the folder again, durably, when it was removed. @returns true when it was made.
   * @throws ConditionError when it was moved: a second one would be in its way when it comes back.
   */
  async restore(): Promise<boolean> {
    if ((await this.#files.facts(this.#path)) !== null) return false;
    if (this.#handle !== null && this.#handle.linkCount() > 0) throw new ConditionError('fileRemoved', this.#path);
    await this.#files.ensureDirectory(this.#path);
    await this.#handle?.close();
    this.#handle = await handleOn(this.#files, this.#path);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }
}

async function handleOn(files: Files, path: string): Promise<SyncHandle | null> {
  // Windows opens no folders this way.
  return await files.openForSync(path).catch(() => null);
}
