import type { Finding } from '#mail/check';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { plain, print, printJson } from '../terminal.ts';

/** Checks what is stored. @returns the exit code: 1 when something was found. */
export async function check(options: FolderOptions & { readonly json?: boolean }): Promise<number> {
  const findings = (await callServer(configFolder(options), 'check', {})) as Finding[];
  if (options.json === true) printJson(findings);
  else if (findings.length === 0) print('All mail is whole and consistent.');
  else {
    for (const { account, kind, text, isLoss } of findings) {
      print(`${isLoss ? 'LOSS' : 'untidy'}: ${account}: ${kind}: ${plain(text)}`);
    }
  }
  return findings.length === 0 ? 0 : 1;
}
