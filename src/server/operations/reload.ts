import { OperationRefused, refuseArguments } from './arguments.ts';
import type { OperationTable } from './operations.ts';

/** Result of `config.reload`. */
export interface Reloaded {
  /** What is wrong and was not put in force, a line each. */
  readonly problems: readonly string[];
}

/** Reading the configuration again. */
export const reloadCommands: OperationTable = {
  'config.reload': async ({ reload }, args): Promise<Reloaded> => {
    refuseArguments(args);
    if (reload === undefined) throw new OperationRefused('no server runs; it reads its configuration when it starts');
    return { problems: await reload() };
  },
};
