import type { Finding } from '#mail/check';
import { checkReport } from '../check-report.ts';
import { withServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { print, printJson } from '../terminal.ts';

/** Checks what is stored. @returns the exit code: 1 when something was found that a crash does not leave and the server does not mend. */
export async function check(options: FolderOptions & { readonly json?: boolean }): Promise<number> {
  const findings = (await withServer(configFolder(options), (call) => call('check', {}), {
    toleratesDamage: true,
  })) as Finding[];
  if (options.json === true) printJson(findings);
  else print(...checkReport(findings));
  return findings.every(({ kind }) => kind === 'orphan') ? 0 : 1;
}
