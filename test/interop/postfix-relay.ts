import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '#testing/temp-dir';
import { startDovecotSasl } from './dovecot-sasl.ts';
import { foreignSizeLimit, type ForeignServer, type ForeignSettings } from './foreign-server.ts';
import { startPostfix } from './postfix.ts';

/** Starts Debian's Postfix with logins by Debian's Dovecot; needs root. @param more  Further lines of `main.cf`. */
export async function startPostfixRelay(settings: ForeignSettings, more = ''): Promise<ForeignServer> {
  const { address, hostname, domain, peer, ports, certificate, strangeCertificate } = settings;
  await using undo = new AsyncDisposableStack();
  const sasl = undo.use(await startDovecotSasl());
  const dir = undo.use(await tempDir());
  await chmod(dir.path, 0o755);
  const strangePem = join(dir.path, 'strange.pem');
  await writeFile(strangePem, `${strangeCertificate.keyPem}\n${strangeCertificate.certPem}`, { mode: 0o600 });
  const service = (port: number, option: string): string => `${address}:${port} inet n - n - - smtpd\n  -o ${option}\n`;
  const postfix = undo.use(
    await startPostfix({
      address,
      hostname,
      domain,
      peer,
      ...certificate,
      services: [
        service(ports.submission, 'smtpd_tls_security_level=encrypt'),
        service(ports.submissions, 'smtpd_tls_wrappermode=yes'),
        service(ports.strange, `smtpd_tls_chain_files=${strangePem}`),
      ].join(''),
      settings: `${mainCf(domain, sasl.port)}${more}`,
    }),
  );
  const running = undo.move();
  return {
    mailbox: (localpart) => postfix.mailbox(localpart === 'grün' ? 'gruen' : localpart),
    log: async () => `${sasl.log()}\n${await postfix.log()}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function mainCf(domain: string, saslPort: number): string {
  const below = `/(^|[.])${domain.replaceAll('.', '[.]')}$$/`;
  const mailboxes = { known: 'known', other: 'other', later: 'later', grün: 'gruen' };
  const maps = Object.entries(mailboxes).map(([localpart, folder]) => `{/^${localpart}@/ ${folder}/}`);
  return `virtual_mailbox_domains = regexp:{ {${below} yes} }
virtual_mailbox_maps = regexp:{ ${maps.join(' ')} }
smtpd_recipient_restrictions = check_recipient_access regexp:{ {/^later@/ 450 4.7.1 come back later} }, permit_mynetworks, reject
message_size_limit = ${foreignSizeLimit}
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${saslPort}
smtpd_sasl_authenticated_header = yes
`;
}
