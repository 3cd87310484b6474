import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { postfixMasterCf } from '#testing/postfix-services';
import type { Sink } from '../load/sink.ts';
import { writeCertificate, type CertificateFiles } from './certificate.ts';
import { password, relayConnections, type Peer } from './peer.ts';
import { freePort, greeted } from './ports.ts';

/** Storage formats of Dovecot. */
export type DovecotFormat = 'maildir' | 'mdbox';

/** Reports whether both programs are installed here, and we may start them (they need root). */
export function hasPostfixDovecot(): boolean {
  const found = ['/usr/sbin/postfix', '/usr/sbin/dovecot'].every(
    (path) => spawnSync('test', ['-x', path]).status === 0,
  );
  return found && process.getuid?.() === 0;
}

/**
 * Starts Debian's Postfix and Dovecot (LMTP between them) with everything below a new folder in `parent`; mail for other domains goes to
 * `sink`, if there is one.
 */
export async function startPostfixDovecot(parent: string, format: DovecotFormat, sink: Sink | null): Promise<Peer> {
  const folder = mkdtempSync(join(parent, 'pd-'));
  chmodSync(folder, 0o755);
  const ports = {
    smtp: await freePort(),
    imap: await freePort(),
    lmtp: await freePort(),
    submission: await freePort(),
    auth: await freePort(),
  };
  writeDovecot(folder, ports, format);
  writePostfix(folder, ports, await writeCertificate(folder), sink);
  const start = performance.now();
  const run = (): ChildProcess =>
    spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' });
  let dovecot = run();
  execFileSync('/usr/sbin/postfix', ['-c', join(folder, 'postfix'), 'start'], { stdio: 'ignore' });
  await greeted(ports.smtp);
  const startMs = performance.now() - start;
  await greeted(ports.imap);
  const master = Number(readFileSync(join(folder, 'spool/pid/master.pid'), 'utf8').trim());
  return {
    name: `Postfix + Dovecot (${format})`,
    smtpPort: ports.smtp,
    imapPort: ports.imap,
    submissionPort: ports.submission,
    sink,
    get pid() {
      return dovecot.pid ?? master;
    },
    startMs,
    async restart() {
      const ended = new Promise((resolve) => dovecot.once('exit', resolve));
      dovecot.kill('SIGTERM');
      await ended;
      dovecot = run();
      await greeted(ports.imap);
    },
    async [Symbol.asyncDispose]() {
      spawnSync('/usr/sbin/postfix', ['-c', join(folder, 'postfix'), 'stop'], { stdio: 'ignore' });
      const ended = new Promise((resolve) => dovecot.once('exit', resolve));
      dovecot.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Ports {
  readonly smtp: number;
  readonly imap: number;
  readonly lmtp: number;
  readonly submission: number;
  readonly auth: number;
}

function writeDovecot(folder: string, ports: Ports, format: DovecotFormat): void {
  mkdirSync(join(folder, 'mail'));
  execFileSync('chown', ['mail:mail', join(folder, 'mail')]);
  writeFileSync(
    join(folder, 'dovecot.conf'),
    `base_dir = ${folder}/dovecot-run
state_dir = ${folder}/dovecot-state
log_path = ${folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = dovenull
default_internal_user = dovecot
mail_location = ${format}:${folder}/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = optimized
default_client_limit = 3000
default_process_limit = 2000
mail_max_userip_connections = 3000
passdb {
  driver = static
  args = password={PLAIN}${password}
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${folder}/mail/%u allow_all_users=yes
}
service imap-login {
  service_count = 0
  client_limit = 3000
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = 2000
}
service auth {
  inet_listener auth {
    address = 127.0.0.1
    port = ${ports.auth}
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${ports.lmtp}
  }
}
`,
  );
}

function writePostfix(folder: string, ports: Ports, tls: CertificateFiles, sink: Sink | null): void {
  const config = join(folder, 'postfix');
  mkdirSync(config);
  for (const name of ['spool', 'data']) mkdirSync(join(folder, name));
  execFileSync('chown', ['postfix:postfix', join(folder, 'data')]);
  writeFileSync(
    join(config, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
maillog_file = ${folder}/postfix.log
maillog_file_prefixes = ${folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = bench.test
mydestination =
alias_maps =
virtual_mailbox_domains = bench.test
virtual_mailbox_maps = static:all
virtual_transport = lmtp:inet:127.0.0.1:${ports.lmtp}
mynetworks = 127.0.0.0/8
smtpd_tls_security_level = none
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_recipient_restrictions = permit_mynetworks, reject
message_size_limit = 0
mailbox_size_limit = 0
default_process_limit = 200
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${ports.auth}
${sink === null ? '' : smarthost(sink)}`,
  );
  writeFileSync(
    join(config, 'master.cf'),
    `${postfixMasterCf('127.0.0.1', ports.smtp)}${submissionService(ports.submission, tls)}`,
  );
  execFileSync('/usr/sbin/postfix', ['-c', config, 'set-permissions'], { stdio: 'ignore' });
}

/** As many connections as ours has; they are kept for the next message when the queue is busy, as they are by default. */
function smarthost({ port }: Sink): string {
  return `relayhost = [127.0.0.1]:${port}
default_destination_concurrency_limit = ${relayConnections}
initial_destination_concurrency = ${relayConnections}
`;
}

function submissionService(port: number, { certificateFile, keyFile }: CertificateFiles): string {
  return `127.0.0.1:${port} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_cert_file=${certificateFile}
  -o smtpd_tls_key_file=${keyFile}
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
`;
}
