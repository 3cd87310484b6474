import { appendFile, chmod, chown, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tempDir } from '#testing/temp-dir';
import { startDaemon } from './daemon.ts';
import { foreignSizeLimit, readMaildir, type ForeignServer, type ForeignSettings } from './foreign-server.ts';
import { findProgram } from './programs.ts';

/** OpenSMTPD's users, who need not exist on this machine. */
const [daemonUid, queueUid, nobodyUid] = [65_002, 65_003, 65_534];

/**
 * Starts Debian's OpenSMTPD, installed or only unpacked; needs root. It takes mail on port 25 and nowhere else: version 6.8 offers STARTTLS,
 * but with OpenSSL 3 each handshake fails, and without TLS it takes no logins.
 */
export async function startOpenSmtpd(settings: ForeignSettings): Promise<ForeignServer> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  // Its processes run as users who must come by.
  await chmod(dir.path, 0o755);
  const file = (name: string): string => join(dir.path, name);
  for (const name of ['spool/smtpd', 'run', 'lib/opensmtpd/empty', 'mail'])
    await mkdir(file(name), { recursive: true });
  await chmod(file('spool/smtpd'), 0o711);
  await chown(file('mail'), nobodyUid, nobodyUid);
  const smtpd = findProgram('smtpd');
  // What it starts is found in one place only.
  await cp(join(dirname(smtpd), '../libexec'), file('libexec'), { recursive: true });
  await writeFile(file('cert.pem'), settings.certificate.certPem);
  await writeFile(file('key.pem'), settings.certificate.keyPem, { mode: 0o600 });
  await writeFile(file('smtpd.conf'), configuration(dir.path, settings));
  // It greets clients once it knows their names, and asks again after 5 s where this machine's resolver loses one of many questions.
  await writeFile(file('resolv.conf'), 'lookup file\n');
  for (const [name, uid] of [
    ['opensmtpd', daemonUid],
    ['opensmtpq', queueUid],
  ] as const) {
    if (name === 'opensmtpd') {
      await copyFile('/etc/passwd', file('passwd'));
      await copyFile('/etc/group', file('group'));
    }
    await appendFile(file('passwd'), `${name}:x:${uid}:${uid}::/var/lib/opensmtpd/empty:/usr/sbin/nologin\n`);
    await appendFile(file('group'), `${name}:x:${uid}:\n`);
  }
  const daemon = undo.use(
    await startDaemon({
      command: smtpd,
      args: ['-d', '-f', file('smtpd.conf')],
      places: [{ host: settings.address, port: 25 }],
      mounts: {
        '/etc/resolv.conf': file('resolv.conf'),
        '/etc/passwd': file('passwd'),
        '/etc/group': file('group'),
        '/var/spool': file('spool'),
        '/run': file('run'),
        '/var/lib': file('lib'),
        '/usr/libexec': file('libexec'),
      },
    }),
  );
  const running = undo.move();
  return {
    mailbox: (localpart) => readMaildir(join(file('mail'), localpart)),
    log: () => Promise.resolve(daemon.log()),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function configuration(folder: string, { address, hostname, domain, peer }: ForeignSettings): string {
  const domains = `{ "${domain}", "*.${domain}" }`;
  return `pki own cert "${folder}/cert.pem"
pki own key "${folder}/key.pem"
table mailboxes { "known" = "nobody", "other" = "nobody" }
smtp max-message-size "${foreignSizeLimit}"
listen on ${address} port 25 tls pki own hostname "${hostname}"
action "mailbox" maildir "${folder}/mail/%{rcpt.user}" virtual <mailboxes>
action "back" relay host "smtp+notls://${peer.address}" src "${address}" helo "${hostname}"
match from any for domain ${domains} action "mailbox"
match from any for domain "${peer.domain}" action "back"
`;
}
