import { z } from 'zod';
import { OperationRefused } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import type { RunningDeps } from './server-facts.ts';

/** `config.reload`. */
export const configReload = defineOperation({
  name: 'config.reload',
  summary: 'Read domains.yaml, certificates and DKIM keys again',
  permission: 'operator',
  command: 'config reload',
  args: {},
  result: z.strictObject({
    problems: z.array(z.string()).readonly().describe('What is wrong and was not put in force, a line each.'),
  }),
  run: async ({ running }: RunningDeps) => {
    if (running === null) throw new OperationRefused('no server runs; it reads its configuration when it starts');
    return { problems: await running.reload() };
  },
});
