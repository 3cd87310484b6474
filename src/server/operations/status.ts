import process from 'node:process';
import { z } from 'zod';
import type { Queue } from '#mail/queue';
import type { Configuration } from '#server/configuration';
import { defineOperation } from './define-operation.ts';
import { serverFacts, type RunningDeps } from './server-facts.ts';

interface StatusDeps extends RunningDeps {
  readonly configuration: Configuration;
  readonly queue: Pick<Queue, 'count'>;
}

const serverStatus = z.strictObject({
  pid: z.number().describe('Of the process that answers.'),
  hostname: z.string(),
  accounts: z.number(),
  waiting: z.number().describe('Recipients of the queue that wait or are in delivery.'),
  held: z.number().describe('How many of them are on hold.'),
  memoryBytes: z.number(),
  server: serverFacts.nullable().describe('Null when no server runs, or while it starts.'),
});

/** Result of `status`. */
export type ServerStatus = z.output<typeof serverStatus>;

/** `status`. */
export const status = defineOperation({
  name: 'status',
  summary: 'Report how the server is: process, ports, queue, disk, certificates and troubles',
  permission: 'operator',
  command: 'status',
  args: {},
  result: serverStatus,
  run: async ({ configuration, queue, running }: StatusDeps) => ({
    pid: process.pid,
    hostname: configuration.config.server.hostname,
    accounts: Object.keys(configuration.config.domains.accounts).length,
    ...(await queue.count()),
    memoryBytes: process.memoryUsage.rss(),
    server: running?.facts() ?? null,
  }),
});
