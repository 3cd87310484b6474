/**
 * The bytes of messages: taken in as chunks, kept in memory while small and spilled to the blob store when large (`ContentWriter`),
 * placed into an account, and read back without the reader knowing which it was (`MessageBytes`). `BlobSweeper` is the only one that
 * removes blobs that ever had a row. Bytes are immutable: headers that we add are a prefix beside them.
 * Rows that refer to contents are written by #mail/messages.
 */
export { contentLimits } from './limits.ts';
export { ContentMemory } from './content-memory.ts';
export { ContentWriter } from './content-writer.ts';
export { bodyOfBytes, placeBody, placeInQueue, type PlacedBody, type ReceivedBody } from './body.ts';
export { ContentDamaged } from './body-check.ts';
export { receivedMessageBytes, storedMessageBytes, type MessageBytes, type StoredBytes } from './message-bytes.ts';
export { insertContent } from './content-rows.ts';
export { BlobSweeper, discardBlob } from './blob-sweeper.ts';
