import { join } from 'node:path';
import { fileSystemContract, type OpenedFileSystem } from '#ports/file-system.contract';
import type { FileSystem } from '#ports/file-system';
import { crashFileSystem } from '#testing/crash-files';
import { stepFileSystem } from '#testing/crash-steps';
import { failingFileSystem } from '#testing/failing-files';
import { windowsFileSystem } from '#testing/fake-files';
import { tempDir } from '#testing/temp-dir';
import { nodeFileSystem } from './index.ts';

/** A file system whose root is a folder in a temporary one. */
async function opened(make: (folder: string, root: string) => Promise<FileSystem>): Promise<OpenedFileSystem> {
  const dir = await tempDir();
  const root = join(dir.path, 'root');
  await nodeFileSystem.makeDirectory(root);
  return { system: await make(dir.path, root), root, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

fileSystemContract('nodeFileSystem', () => opened(async () => nodeFileSystem));
fileSystemContract('windowsFileSystem', () => opened(async () => windowsFileSystem()));
fileSystemContract('failingFileSystem', () => opened(async () => failingFileSystem()));
fileSystemContract('stepFileSystem', () => opened(async () => stepFileSystem(nodeFileSystem, () => undefined)));
fileSystemContract('crashFileSystem', () =>
  opened(async (folder, root) => {
    await nodeFileSystem.makeDirectory(join(folder, 'shadows'));
    return crashFileSystem(root, join(folder, 'shadows'));
  }),
);
