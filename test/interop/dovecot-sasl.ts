import { createHmac } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '#testing/temp-dir';
import { freePort, startDaemon } from './daemon.ts';
import { foreignLogin } from './foreign-server.ts';

const tokenKey = 'a key that only Dovecot and the issuer know';

/** An access token for the foreign login, a JSON Web Token (RFC 7519) that is valid for an hour. */
export function foreignToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: foreignLogin.user, iat: now - 60, nbf: now - 60, exp: now + 3600, iss: 'https://issuer.test' };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', tokenKey).update(signed).digest('base64url')}`;
}

/** Dovecot's authentication, for other servers. */
export interface DovecotSasl extends AsyncDisposable {
  /** Port on 127.0.0.1 where it speaks Dovecot's authentication protocol. */
  readonly port: number;
  /** All that it said. */
  readonly log: () => string;
}

/** Starts Debian's Dovecot, which knows `foreignLogin` and checks its tokens, with all mechanisms that it has; needs root. */
export async function startDovecotSasl(): Promise<DovecotSasl> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  // Its processes run as users who must come by.
  await chmod(dir.path, 0o755);
  const keys = join(dir.path, 'keys/default/HS256');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'default'), Buffer.from(tokenKey).toString('base64'));
  await writeFile(join(dir.path, 'users'), `${foreignLogin.user}:{PLAIN}${foreignLogin.password}::::::\n`);
  await writeFile(
    join(dir.path, 'oauth2.conf'),
    `introspection_mode = local
local_validation_key_dict = fs:posix:prefix=${dir.path}/keys/
username_attribute = sub
`,
  );
  const port = await freePort();
  const file = join(dir.path, 'dovecot.conf');
  await writeFile(file, configuration(dir.path, port));
  const daemon = undo.use(
    await startDaemon({ command: 'dovecot', args: ['-F', '-c', file], places: [{ host: '127.0.0.1', port }] }),
  );
  const running = undo.move();
  return { port, log: daemon.log, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function configuration(folder: string, port: number): string {
  return `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols =
ssl = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_failure_delay = 0
auth_verbose = yes
disable_plaintext_auth = no
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = ${folder}/oauth2.conf
}
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${folder}
}
service auth {
  inet_listener auth {
    address = 127.0.0.1
    port = ${port}
  }
}
`;
}
