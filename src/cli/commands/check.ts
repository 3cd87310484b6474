import type { CallOperation, ResultOf } from '#server/operations';
import { checkReport, repairReport } from '../check-report.ts';
import { confirm, type ConfirmOptions } from '../confirm.ts';
import { withServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { print, printJson } from '../terminal.ts';

/** Options of `check`. */
interface CheckOptions extends FolderOptions, ConfirmOptions {
  readonly json?: boolean;
  readonly repair?: boolean;
}

/**
 * Checks what is stored; with `--repair` puts right before what needs no backup. @returns the exit code: 1 when something was found that a crash does not leave
 * and the server does not mend.
 */
export async function check(options: CheckOptions): Promise<number> {
  const { repaired, problems } = await withServer(
    configFolder(options),
    async (call) => ({
      repaired: options.repair === true ? await repair(call, options) : null,
      problems: await call('check', {}),
    }),
    { toleratesDamage: true },
  );
  if (options.json === true) printJson(problems);
  else print(...(repaired === null ? [] : repairReport(repaired, problems)), ...checkReport(problems));
  return problems.every(({ kind }) => kind === 'orphan' || kind === 'owner') ? 0 : 1;
}

async function repair(call: CallOperation, options: CheckOptions): Promise<ResultOf<'check.repair'>> {
  const what =
    'Flags that cannot be read fall back to those with which their messages came; counters are counted again.';
  await confirm(what, options);
  return await call('check.repair', {});
}
