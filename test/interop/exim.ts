import { chmod, chown, copyFile, appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '#testing/temp-dir';
import { startDaemon } from './daemon.ts';
import {
  foreignLogin,
  foreignSizeLimit,
  readMaildir,
  type ForeignServer,
  type ForeignSettings,
} from './foreign-server.ts';
import { findProgram } from './programs.ts';

/** Exim's user, who need not exist on this machine. */
const uid = 65_001;

/** Starts Debian's Exim, installed or only unpacked; needs root. */
export async function startExim(settings: ForeignSettings): Promise<ForeignServer> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  // Its processes run as a user who must come by.
  await chmod(dir.path, 0o755);
  const file = (name: string): string => join(dir.path, name);
  for (const name of ['spool', 'mail', 'log']) {
    await mkdir(file(name));
    await chown(file(name), uid, uid);
  }
  for (const [name, { certPem, keyPem }] of [
    ['own.pem', settings.certificate],
    ['strange.pem', settings.strangeCertificate],
  ] as const) {
    await writeFile(file(name), `${keyPem}\n${certPem}`, { mode: 0o600 });
    await chown(file(name), uid, uid);
  }
  await writeFile(file('authority.pem'), settings.authorityPem);
  await writeFile(file('mailboxes'), 'known: known\nother: other\ngrün: gruen\n');
  const exim = findProgram('exim4');
  await writeFile(file('exim.conf'), configuration(dir.path, exim, settings), { mode: 0o644 });
  await copyFile('/etc/passwd', file('passwd'));
  await appendFile(file('passwd'), `Debian-exim:x:${uid}:${uid}::/nonexistent:/usr/sbin/nologin\n`);
  await copyFile('/etc/group', file('group'));
  await appendFile(file('group'), `Debian-exim:x:${uid}:\n`);
  const log = (): Promise<string> => readFile(file('log/mainlog'), 'utf8').catch(() => 'no log');
  const { address, ports } = settings;
  const daemon = undo.use(
    await startDaemon({
      command: exim,
      args: ['-C', file('exim.conf'), '-bdf', '-oX', listening(settings)],
      places: [25, ...Object.values(ports)].map((port) => ({ host: address, port })),
      mounts: { '/etc/passwd': file('passwd'), '/etc/group': file('group') },
    }),
  );
  const running = undo.move();
  return {
    mailbox: (localpart) => readMaildir(join(file('mail'), localpart === 'grün' ? 'gruen' : localpart)),
    log: async () => `${daemon.log()}${await log()}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function listening({ address, ports }: ForeignSettings): string {
  return `<; ${[25, ...Object.values(ports)].map((port) => `${address}.${port}`).join(' ; ')}`;
}

function configuration(folder: string, exim: string, settings: ForeignSettings): string {
  const { hostname, domain, ports, peer, address } = settings;
  const pem = `\${if eq{$received_port}{${ports.strange}}{${folder}/strange.pem}{${folder}/own.pem}}`;
  const isUser = (user: string, password: string): string =>
    `\${if and{{eq{${user}}{${foreignLogin.user}}}{eq{${password}}{${foreignLogin.password}}}}}`;
  return `exim_path = ${exim}
primary_hostname = ${hostname}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
keep_environment =
deliver_drop_privilege
local_interfaces = ${listening(settings)}
tls_on_connect_ports = ${ports.submissions}
tls_advertise_hosts = *
tls_certificate = ${pem}
tls_privatekey = ${pem}
tls_try_verify_hosts = *
tls_verify_certificates = ${folder}/authority.pem
auth_advertise_hosts = \${if def:tls_in_cipher {*}{}}
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
message_size_limit = ${foreignSizeLimit}
log_selector = +pipelining +8bitmime +received_recipients +smtp_protocol_error
acl_smtp_rcpt = recipient
domainlist ours = ${domain} : *.${domain}
begin acl
recipient:
  defer domains = +ours
    local_parts = later
    message = 4.7.1 come back later
  accept domains = +ours
    condition = \${lookup{$local_part}lsearch{${folder}/mailboxes}{yes}{no}}
  deny domains = +ours
    message = 5.1.1 $local_part@$domain: no such mailbox
  accept hosts = 127.0.0.1
  deny message = 5.7.1 relaying denied
begin routers
back:
  driver = manualroute
  domains = ${peer.domain}
  route_list = * ${peer.address}
  self = send
  transport = remote
mailbox:
  driver = accept
  domains = +ours
  transport = maildir
begin transports
remote:
  driver = smtp
  interface = ${address}
maildir:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail/\${lookup{$local_part}lsearch{${folder}/mailboxes}{$value}fail}
  return_path_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${isUser('$auth2', '$auth3')}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${isUser('$auth1', '$auth2')}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{$auth1}{${foreignLogin.user}}{${foreignLogin.password}}fail}
  server_set_id = $auth1
certificate:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = \${if eq{$tls_in_certificate_verified}{1}}
  server_param2 = \${certextract{subject,CN}{$tls_in_peercert}}
  server_condition = \${if or{{eq{$auth1}{}}{eq{$auth1}{$auth2}}}}
  server_set_id = $auth2
`;
}
