import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { postfixMasterCf } from '#testing/postfix-services';
import { tempDir } from '#testing/temp-dir';
import { run, succeed } from './programs.ts';

/** Settings of Postfix. */
export interface PostfixSettings {
  /** The loopback address whose port 25 it listens on, and sends from. */
  readonly address: string;
  /** Its host name. */
  readonly hostname: string;
  /** Domain that it has mailboxes for: `known` and `other`; `later` is refused with 450, no other user exists. */
  readonly domain: string;
  /** Domain that it relays mail to, and the address of its server. */
  readonly peer: { readonly domain: string; readonly address: string };
  readonly certPem: string;
  readonly keyPem: string;
  /** More services, as lines of `master.cf`. */
  readonly services?: string;
  /** More settings, as lines of `main.cf`, each in place of ours of that name. */
  readonly settings?: string;
}

/** Debian's Postfix with everything of its own in a temporary folder. */
export interface Postfix extends AsyncDisposable {
  /** The messages that a mailbox holds. */
  readonly mailbox: (localpart: string) => Promise<string[]>;
  readonly log: () => Promise<string>;
}

/** Starts Postfix; needs root. */
export async function startPostfix(settings: PostfixSettings): Promise<Postfix> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  // Its processes run as users who must come by.
  await chmod(dir.path, 0o755);
  const config = join(dir.path, 'config');
  const ids = await postfixIds();
  for (const name of ['config', 'spool', 'data', 'mail']) await mkdir(join(dir.path, name));
  await chown(join(dir.path, 'data'), ids.uid, ids.gid);
  await chown(join(dir.path, 'mail'), ids.uid, ids.gid);
  await writeFile(join(config, 'cert.pem'), `${settings.keyPem}\n${settings.certPem}`, { mode: 0o600 });
  await writeFile(join(config, 'main.cf'), settled(mainCf(dir.path, settings, ids), settings.settings ?? ''));
  const services = `${postfixMasterCf(settings.address, 25)}${settings.services ?? ''}`;
  await writeFile(join(config, 'master.cf'), services);
  const postfix = async (command: string): Promise<void> => {
    await succeed('/usr/sbin/postfix', ['-c', config, command]);
  };
  await run('/usr/sbin/postfix', ['-c', config, 'set-permissions']);
  try {
    await postfix('start');
  } catch (error) {
    throw new Error(await logOf(dir.path), { cause: error });
  }
  undo.defer(() => postfix('stop'));
  const running = undo.move();
  return {
    mailbox: async (localpart) => {
      const folder = join(dir.path, 'mail', localpart, 'new');
      const names = await readdir(folder).catch(() => []);
      return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    },
    log: () => logOf(dir.path),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

async function postfixIds(): Promise<Ids> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => succeed('id', [option, 'postfix'])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}

/** Postfix warns each time of a setting that is there twice. */
function settled(ours: string, others: string): string {
  const nameOf = (line: string): string => line.replace(/ =.*/, '');
  const names = new Set(others.split('\n').map(nameOf));
  return [...ours.split('\n').filter((line) => !names.has(nameOf(line))), others].join('\n');
}

function logOf(folder: string): Promise<string> {
  return readFile(join(folder, 'postfix.log'), 'utf8').catch(() => 'no log');
}

function mainCf(folder: string, { address, hostname, domain, peer }: PostfixSettings, { uid, gid }: Ids): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
maillog_file = ${folder}/postfix.log
maillog_file_prefixes = ${folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = ${address}
myhostname = ${hostname}
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = ${domain}
virtual_mailbox_maps = inline:{ {known@${domain}=known/} {other@${domain}=other/} {later@${domain}=later/} }
virtual_mailbox_base = ${folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_recipient_restrictions = check_recipient_access inline:{ {later@${domain}=450 4.7.1 come back later} }, permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = ${folder}/config/cert.pem
smtp_tls_security_level = may
smtp_dns_support_level = disabled
smtp_host_lookup = native
transport_maps = inline:{ {${peer.domain}=smtp:[${peer.address}]} }
message_size_limit = 0
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtputf8_enable = yes
`;
}
