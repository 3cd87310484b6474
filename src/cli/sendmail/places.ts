import { posix, win32 } from 'node:path';

/** Facts about the machine that decide the folder; tests bring their own. */
export interface SendmailPlace {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The configuration file: as given, `GODWIT_SENDMAIL_CONFIG`, or the machine's. `isNamed`: it was named, so that it must be there. */
export function sendmailFile(
  given: string | null,
  { platform, environment }: SendmailPlace,
): { readonly path: string; readonly isNamed: boolean } {
  const named = given ?? environment['GODWIT_SENDMAIL_CONFIG'] ?? '';
  if (named !== '') return { path: named, isNamed: true };
  const name = 'godwit-sendmail.yaml';
  const programData = environment['ProgramData'] ?? 'C:\\ProgramData';
  // Not in the folder of the server, which users of the machine may not read.
  const path = platform === 'win32' ? win32.join(programData, 'godwit-sendmail', name) : `/etc/${name}`;
  return { path, isNamed: false };
}

/** The user's own folder for messages that could not be sent. */
export function spoolFolder({ platform, environment, home }: SendmailPlace): string {
  const name = 'godwit-sendmail';
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local');
    return win32.join(local, name, 'spool');
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', name, 'spool');
  return posix.join(environment['XDG_STATE_HOME'] ?? posix.join(home, '.local', 'state'), name, 'spool');
}
