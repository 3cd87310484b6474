import { availableParallelism } from 'node:os';

/** True when the rules of Windows hold. */
export const isWindows: boolean = process.platform === 'win32';

/**
 * Environment for a child process whose thread pool is large enough: file syncs, password hashes and signatures share it, and
 * Node's four threads would let a slow disk hold up logins. It must be set before the process starts. A value of the operator stays.
 */
export function threadPoolEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const threads = Math.min(64, Math.max(16, availableParallelism() * 4));
  return { UV_THREADPOOL_SIZE: String(threads), ...environment };
}
