// Plain JavaScript that old versions of Node can run, like main.mjs: the last resort of `sendmail` where no Node can run the rest.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** As many as the sender takes, and its limit of bytes in a spooled message. */
const maxBytes = 100 * 2 ** 20;

/**
 * Keeps the message on standard input with the arguments as they were given; `--flush` reads both later. It is on the disk when this returns.
 * @returns the folder. @throws Error when it cannot be kept.
 */
export function keepRaw(args, reason) {
  const message = readFileSync(0);
  if (message.length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
  const folder = spoolFolder(args);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const createdMs = Date.now();
  const machine = hostname();
  const origin = {
    createdMs,
    offsetMinutes: -new Date(createdMs).getTimezoneOffset(),
    messageId: `<${randomBytes(12).toString('hex')}@${/^[a-z0-9.-]+$/i.test(machine) ? machine : 'localhost'}>`,
    user: userName(),
    hostname: /^[a-z0-9.-]+$/i.test(machine) ? machine : 'localhost',
  };
  const head = JSON.stringify({ version: 1, arguments: args, origin, remaining: null, attempts: 0, reason });
  const due = String(createdMs).padStart(15, '0');
  const path = join(folder, `${due}-${randomBytes(8).toString('hex')}.${due}`);
  const file = openSync(`${path}.tmp`, 'wx', 0o600);
  writeAll(file, Buffer.concat([Buffer.from(`${head}\n`), message]));
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.tmp`, path);
  syncFolder(folder);
  return folder;
}

function writeAll(file, bytes) {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** Makes the new name durable, where folders can be synced. */
function syncFolder(folder) {
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** The folder that the configuration names in a line of its own, or the user's: the reader of YAML is among what cannot run. */
function spoolFolder(args) {
  const { env, platform } = process;
  const at = args.findIndex((arg) => arg === '--config');
  const given = at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith('--config='))?.slice(9);
  const standard =
    platform === 'win32'
      ? join(env.ProgramData ?? 'C:\\ProgramData', 'godwit-sendmail', 'godwit-sendmail.yaml')
      : '/etc/godwit-sendmail.yaml';
  const config = resolve(given || env.GODWIT_SENDMAIL_CONFIG || standard);
  const configured = env.GODWIT_SENDMAIL_SPOOL_DIRECTORY || configuredFolder(config);
  if (configured) return resolve(dirname(config), configured);
  const name = 'godwit-sendmail';
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), name, 'spool');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', name, 'spool');
  return join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), name, 'spool');
}

function configuredFolder(config) {
  try {
    const [, value = ''] =
      /^spoolDirectory:[ \t]+(.*?)[ \t]*(?:[ \t]#.*)?\r?$/m.exec(readFileSync(config, 'utf8')) ?? [];
    return value.replace(/^(["'])(.*)\1$/, '$2');
  } catch {
    return '';
  }
}

function userName() {
  try {
    return userInfo().username;
  } catch {
    // In containers a user may have a number only.
    return process.env.LOGNAME ?? process.env.USER ?? 'user';
  }
}
