import { join } from 'node:path';

/** What of the machine decides where things are; tests bring their own. */
export interface SendmailPlace {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The configuration file: as given, `GODWIT_SENDMAIL_CONFIG`, or the machine's. `isNamed`: somebody named it, so that it must be there. */
export function sendmailFile(
  given: string | null,
  { platform, environment }: SendmailPlace,
): { readonly path: string; readonly isNamed: boolean } {
  const named = given ?? environment['GODWIT_SENDMAIL_CONFIG'] ?? '';
  if (named !== '') return { path: named, isNamed: true };
  const name = 'godwit-sendmail.yaml';
  const path =
    platform === 'win32' ? join(environment['ProgramData'] ?? 'C:\\ProgramData', 'godwit', name) : `/etc/${name}`;
  return { path, isNamed: false };
}

/** The user's own folder for messages that could not be sent. */
export function spoolFolder({ platform, environment, home }: SendmailPlace): string {
  const name = 'godwit-sendmail';
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), name, 'spool');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', name, 'spool');
  return join(environment['XDG_STATE_HOME'] ?? join(home, '.local', 'state'), name, 'spool');
}
