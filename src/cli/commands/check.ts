import type { Finding } from '#mail/check';
import { checkReport } from '../check-report.ts';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { print, printJson } from '../terminal.ts';

/** Checks what is stored. @returns the exit code: 1 when something was found. */
export async function check(options: FolderOptions & { readonly json?: boolean }): Promise<number> {
  const findings = (await callServer(configFolder(options), 'check', {})) as Finding[];
  if (options.json === true) printJson(findings);
  else print(...checkReport(findings));
  return findings.length === 0 ? 0 : 1;
}
