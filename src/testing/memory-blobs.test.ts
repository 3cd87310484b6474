import { blobsContract } from '#ports/blobs.contract';
import { FakeClock } from './fake-clock.ts';
import { MemoryBlobs } from './memory-blobs.ts';

blobsContract('MemoryBlobs', async () => ({
  blobs: new MemoryBlobs({ clock: new FakeClock() }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));
