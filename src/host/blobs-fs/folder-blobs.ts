import type { BlobStore } from '#ports/blobs';

/** A store in folders, which are made again when they are removed under it. */
export interface FolderBlobs extends BlobStore {
  /**
   * Makes the folders again that every store has. @returns those that were missing; each was noted.
   * @throws ConditionError when the store's own folder was moved away.
   */
  restoreFolders(): Promise<readonly string[]>;
}
