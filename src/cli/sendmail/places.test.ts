import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendmailFile, spoolFolder } from './index.ts';

const config = { GODWIT_SENDMAIL_CONFIG: '/run/mail.yaml' };

for (const [platform, home, environment, given, file, spool] of [
  ['linux', '/home/ann', {}, null, '/etc/godwit-sendmail.yaml', '/home/ann/.local/state/godwit-sendmail/spool'],
  ['linux', '/home/ann', { XDG_STATE_HOME: '/s' }, 'x.yaml', 'x.yaml', '/s/godwit-sendmail/spool'],
  ['linux', '/home/ann', config, null, '/run/mail.yaml', '/home/ann/.local/state/godwit-sendmail/spool'],
  ['linux', '/home/ann', config, 'x.yaml', 'x.yaml', '/home/ann/.local/state/godwit-sendmail/spool'],
  [
    'darwin',
    '/Users/ann',
    {},
    null,
    '/etc/godwit-sendmail.yaml',
    '/Users/ann/Library/Application Support/godwit-sendmail/spool',
  ],
  [
    'win32',
    'C:\\Users\\ann',
    { ProgramData: 'D:\\ProgramData' },
    null,
    'D:\\ProgramData\\godwit-sendmail\\godwit-sendmail.yaml',
    'C:\\Users\\ann\\AppData\\Local\\godwit-sendmail\\spool',
  ],
  [
    'win32',
    'C:\\Users\\ann',
    { LOCALAPPDATA: 'E:\\local' },
    null,
    'C:\\ProgramData\\godwit-sendmail\\godwit-sendmail.yaml',
    'E:\\local\\godwit-sendmail\\spool',
  ],
] as const) {
  test(`sendmailFile and spoolFolder on ${platform}: ${JSON.stringify(environment)} ${given ?? ''}`, () => {
    const place = { platform, home, environment };
    assert.equal(sendmailFile(given, place).path, file);
    assert.equal(spoolFolder(place), spool);
  });
}
