import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { blobsContract } from '#ports/blobs.contract';
import { tempDir } from '#testing/temp-dir';
import { openBlobs } from './index.ts';

blobsContract('openBlobs', async () => {
  const dir = await tempDir();
  const files = new Files();
  const blobs = await openBlobs({ directory: files.join(dir.path, 'blobs'), files, random: systemRandom });
  return { blobs, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
});
