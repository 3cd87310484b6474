import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { conditionOf } from './condition-of.ts';

/** One page of a database. */
const probeBytes = 4096;

/** Writes and removes a small file in a directory. @returns the system's error, null when it went well. Blocks: for use after a failure only. */
export function probeDirectory(directory: string): unknown {
  const path = `${directory}/probe-${process.pid}.tmp`;
  try {
    const descriptor = openSync(path, 'w', 0o600);
    try {
      writeSync(descriptor, new Uint8Array(probeBytes));
    } finally {
      closeSync(descriptor);
      rmSync(path, { force: true });
    }
    return null;
  } catch (error) {
    return error;
  }
}

/** Opens and closes a file that is always there. @returns the condition that kept it from doing so, or the system's error; null when it went well. */
export function probeDescriptors(): unknown {
  try {
    closeSync(openSync(process.execPath, 'r'));
    return null;
  } catch (error) {
    return conditionOf(error, 'this process');
  }
}
