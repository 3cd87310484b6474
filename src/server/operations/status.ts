import process from 'node:process';
import { refuseArguments } from './arguments.ts';
import type { OperationTable, ServerFacts } from './operations.ts';

/** Result of `status`. */
export interface ServerStatus {
  /** Of the process that answers. */
  readonly pid: number;
  readonly hostname: string;
  readonly accounts: number;
  /** Recipients of the queue that wait or are in delivery. */
  readonly waiting: number;
  /** How many of them are on hold. */
  readonly held: number;
  readonly memoryBytes: number;
  /** Null when no server runs, or while it starts. */
  readonly server: ServerFacts | null;
}

/** How the server is. */
export const statusCommands: OperationTable = {
  status: async (deps, args): Promise<ServerStatus> => {
    refuseArguments(args);
    return {
      pid: process.pid,
      hostname: deps.configuration.config.server.hostname,
      accounts: Object.keys(deps.configuration.config.domains.accounts).length,
      ...(await deps.queue.count()),
      memoryBytes: process.memoryUsage.rss(),
      server: deps.serverFacts?.() ?? null,
    };
  },
};
