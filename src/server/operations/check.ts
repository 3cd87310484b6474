import { checkStore, type Finding } from '#mail/check';
import { refuseArguments } from './arguments.ts';
import type { OperationTable } from './operations.ts';

/** The consistency check of everything stored. */
export const checkCommands: OperationTable = {
  check: async ({ configuration, accounts, blobs, databases, loop }, args): Promise<Finding[]> => {
    refuseArguments(args);
    const configured = Object.keys(configuration.config.domains.accounts);
    return await checkStore({ accounts, blobs, databases, loop, queueDatabase: databases.server, configured });
  },
};
