/**
 * The `BlobStore` port on plain files: one immutable file per blob, in folders by owner and by the first two letters of its id.
 * Invariants: a file under its final name is whole and on the disk; a name is never used twice.
 */
export { openBlobs } from './file-blobs.ts';
export type { FolderBlobs } from './folder-blobs.ts';
