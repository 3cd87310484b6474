import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import { tempDir } from '#testing/temp-dir';
import { startDaemon } from './daemon.ts';
import { foreignLogin, readMaildir, type ForeignServer, type ForeignSettings } from './foreign-server.ts';
import { findProgram } from './programs.ts';

/** Program that msmtpd calls with a message, the sender, `--` and the recipients. Exit codes are those of sysexits.h: it has no time for `later`, and others have no mailbox. */
const mailProgram = `#!/bin/sh
mail=$(dirname "$0")/mail
echo "deliver $*" >>"$0.log"
cat >"$0.$$"
shift 2
for recipient; do
  case $recipient in known@*|other@*) ;; later@*) exit 75 ;; *) exit 67 ;; esac
done
for recipient; do
  box=$mail/\${recipient%%@*}
  cp "$0.$$" "$box/$$" && mv "$box/$$" "$box/new/$$" || exit 75
done
`;

/**
 * Starts Debian's msmtpd, installed or only unpacked, with a program in msmtp's place that keeps what it is given; needs root. Port 25 takes mail
 * from any client, `submission` only with the login, both without TLS, which it does not have; `submissions` is the latter behind a TLS of ours.
 */
export async function startMsmtpd(settings: ForeignSettings): Promise<ForeignServer> {
  const { address, ports, certificate } = settings;
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const file = (name: string): string => join(dir.path, name);
  for (const localpart of ['known', 'other']) await mkdir(file(`mail/${localpart}/new`), { recursive: true });
  await writeFile(file('deliver'), mailProgram, { mode: 0o755 });
  await writeFile(file('password'), foreignLogin.password);
  for (const [port, options] of [
    [25, []],
    [ports.submission, [`--auth=${foreignLogin.user},cat ${file('password')}`]],
  ] as const) {
    undo.use(
      await startDaemon({
        command: findProgram('msmtpd'),
        args: [
          `--interface=${address}`,
          `--port=${port}`,
          `--log=${file('log')}`,
          `--command=${file('deliver')} %F --`,
          ...options,
        ],
        places: [{ host: address, port }],
      }),
    );
  }
  const open = new Set<TLSSocket>();
  const tls = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (secured) => {
    open.add(secured);
    const clear = connect(ports.submission, address);
    const end = (): void => void (secured.destroy(), clear.destroy(), open.delete(secured));
    pipeline(secured, clear, secured, end);
  });
  tls.listen(ports.submissions, address);
  await once(tls, 'listening');
  undo.defer(async () => {
    for (const socket of open) socket.destroy();
    tls.close();
    await once(tls, 'close');
  });
  const running = undo.move();
  const text = (name: string): Promise<string> => readFile(file(name), 'utf8').catch(() => '');
  return {
    mailbox: (localpart) => readMaildir(file(`mail/${localpart}`)),
    log: async () => `${await text('log')}${await text('deliver.log')}`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
