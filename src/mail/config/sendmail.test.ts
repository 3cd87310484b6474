import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#lib/secret';
import {
  ConfigError,
  describeConfig,
  exampleSendmail,
  formatProblem,
  parseSendmailConfig,
  sendmailProblem,
  sendmailSpool,
  wholeFile,
} from './index.ts';
import type { SendmailSecret } from './sendmail.ts';

function shown(secret: SendmailSecret): string {
  if (secret.kind === 'none') return 'no secret';
  if (secret.kind === 'token') return `token of ${secret.file}`;
  return secret.password instanceof Secret ? secret.password.reveal() : secret.password.file;
}

function read(text: string | null, environment: Record<string, string> = {}): string {
  try {
    const file = text === null ? null : { file: 's.yaml', text };
    const { host, port, tls, login, mechanisms, from } = parseSendmailConfig(file, environment);
    const secret = login === null ? null : shown(login.secret);
    const words = [`${tls}://${host}:${port}`, login?.user, secret, mechanisms?.join(' '), from];
    return words.filter((word) => word !== undefined && word !== null).join(' ');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

for (const [text, want] of [
  ['host: mail.example.org', 'submissions://mail.example.org:465'],
  ['host: mail.example.org\ntls: starttls', 'starttls://mail.example.org:587'],
  ['host: bücher.example.', 'submissions://xn--bcher-kva.example:465'],
  ['host: 127.0.0.1\ntls: none\nport: 1025', 'none://127.0.0.1:1025'],
  ['host: localhost\ntls: none', 'none://localhost:25'],
  ['host: m.example\nuser: ann\npassword: s3cret', 'submissions://m.example:465 ann s3cret'],
  ['host: m.example\nuser: ann\npasswordFile: /p', 'submissions://m.example:465 ann /p'],
  [
    'host: m.example\nuser: ann\npassword: x\nmechanisms: [PLAIN, SCRAM-SHA-256]',
    'submissions://m.example:465 ann x PLAIN SCRAM-SHA-256',
  ],
  ['tls: starttls', 's.yaml:1:1: host: is missing. Name the server that takes your mail'],
  [
    'host: m.example\ntls: none',
    's.yaml:2:1: tls: none would send mail and password to m.example without TLS. Write submissions or starttls',
  ],
  [
    'host: m.example\nuser: ann',
    's.yaml:2:1: user: has no password. Add passwordFile or tokenFile; for client certificates, mechanisms: [EXTERNAL]',
  ],
  ['host: m.example\nuser: ann\ntokenFile: t', 'submissions://m.example:465 ann token of t'],
  [
    'host: m.example\nuser: ann\ntokenFile: t\nmechanisms: [XOAUTH2]',
    'submissions://m.example:465 ann token of t XOAUTH2',
  ],
  ['host: m.example\ncertificateFile: c\nkeyFile: k', 'submissions://m.example:465'],
  [
    'host: m.example\ncertificateFile: c\nkeyFile: k\nmechanisms: [EXTERNAL]',
    'submissions://m.example:465  no secret EXTERNAL',
  ],
  [
    'host: m.example\nuser: a\ntokenFile: t\npassword: x',
    's.yaml:3:1: tokenFile: there is a password as well. Keep one of them',
  ],
  [
    'host: m.example\ntokenFile: t',
    's.yaml:1:1: user: is missing, but there is a token. Add user, or remove tokenFile',
  ],
  [
    'host: localhost\ntls: none\nuser: a\ntokenFile: t',
    's.yaml:4:1: tokenFile: tokens are not sent without TLS. Set tls to submissions or starttls',
  ],
  [
    'host: m.example\nmechanisms: [EXTERNAL]',
    's.yaml:2:1: mechanisms: EXTERNAL needs a certificate. Add certificateFile and keyFile',
  ],
  [
    'host: m.example\nuser: a\npassword: x\nmechanisms: [PLAIN, XOAUTH2]',
    's.yaml:4:1: mechanisms: XOAUTH2 needs a token. Add tokenFile',
  ],
  [
    'host: m.example\nuser: a\ntokenFile: t\nmechanisms: [PLAIN]',
    's.yaml:4:1: mechanisms: PLAIN does not work with a token. Write OAUTHBEARER or XOAUTH2',
  ],
  ['host: m.example\nmechanisms: [PLAIN]', 's.yaml:2:1: mechanisms: PLAIN needs a password. Add user and passwordFile'],
  [
    'host: m.example\nkeyFile: k',
    's.yaml:2:1: keyFile: needs certificateFile as well. Add certificateFile, or remove keyFile',
  ],
  [
    'host: m.example\npassword: x',
    's.yaml:1:1: user: is missing, but there is a password. Add user, or remove password',
  ],
  [
    'host: m.example\nuser: a\npassword: x\npasswordFile: y',
    's.yaml:4:1: passwordFile: there is a password as well. Keep one of them',
  ],
  ['host: m.example\nfrom: root', 's.yaml:2:1: from: not an address: @ expected. Write user@example.org'],
  ['host: m.example\noverrideFrom: true', 's.yaml:2:1: overrideFrom: there is no from to use. Add from'],
  [
    'host: "a b"',
    's.yaml:1:1: host: a b is neither a host name nor an IP address. Write a name such as mail.example.org; the port is a setting of its own',
  ],
  ['host: m.example\nport: 0', 's.yaml:2:1: port: must be at least 1. Write 1 or more'],
  [
    'host: m.example\ntls: ssl',
    's.yaml:2:1: tls: not one of the values possible here. Write submissions, starttls or none',
  ],
  ['hots: m.example', /^s\.yaml:1:1: hots: unknown setting/],
] as const) {
  test(`parseSendmailConfig ${JSON.stringify(text)}`, () => {
    if (typeof want === 'string') assert.equal(read(text), want);
    else assert.match(read(text), want);
  });
}

for (const [text, environment, want] of [
  [null, { GODWIT_SENDMAIL_HOST: 'e.example' }, 'submissions://e.example:465'],
  ['host: m.example\nport: 2465', { GODWIT_SENDMAIL_HOST: 'e.example' }, 'submissions://e.example:2465'],
  [
    'host: m.example\nuser: ann\npassword: x',
    { GODWIT_SENDMAIL_PASSWORD_FILE: '/run/secret', GODWIT_SENDMAIL_USER: 'bob' },
    'submissions://m.example:465 bob /run/secret',
  ],
  [
    'host: m.example\nuser: ann\npassword: x',
    { GODWIT_SENDMAIL_MECHANISMS: 'CRAM-MD5, PLAIN', GODWIT_SENDMAIL_PORT: '' },
    'submissions://m.example:465 ann x CRAM-MD5 PLAIN',
  ],
  [
    'host: m.example\nuser: ann\npassword: x',
    { GODWIT_SENDMAIL_TOKEN_FILE: '/run/token' },
    'submissions://m.example:465 ann token of /run/token',
  ],
  [
    'host: m.example',
    { GODWIT_SENDMAIL_PORT: 'smtp' },
    'environment variable GODWIT_SENDMAIL_PORT: must be a number. Write digits without quotes or a unit',
  ],
  ['host: m.example', { GODWIT_SENDMAIL_TLS: 'none' }, /^environment variable GODWIT_SENDMAIL_TLS: none would send/],
  [
    'host: m.example',
    {
      GODWIT_SENDMAIL_CONFIG: 's.yaml',
      GODWIT_SENDMAIL_PASSWORDFILE: '/p',
      GODWIT_SENDMAIL_PIGEON: '1',
      GODWIT_OTHER: 'x',
    },
    [
      'environment variable GODWIT_SENDMAIL_PASSWORDFILE: names no setting. Did you mean GODWIT_SENDMAIL_PASSWORD_FILE? Otherwise unset it',
      'environment variable GODWIT_SENDMAIL_PIGEON: names no setting. Unset it',
    ]
      .map((line) => `${line}; 'godwit config describe sendmail' lists the settings`)
      .join('\n'),
  ],
] as const) {
  test(`parseSendmailConfig ${JSON.stringify(environment)}`, () => {
    if (typeof want === 'string') assert.equal(read(text, environment), want);
    else assert.match(read(text, environment), want);
  });
}

test('sendmailProblem: blames the line of the setting, or the variable that takes its place', () => {
  const file = { file: 's.yaml', text: 'host: m.example\npasswordFile: p' };
  const say = (from: typeof file | null, environment: Record<string, string>): string =>
    formatProblem(sendmailProblem(from, environment, 'passwordFile', 'is wrong', 'Mend it'));
  assert.equal(say(file, {}), 's.yaml:2:1: passwordFile: is wrong. Mend it');
  const variable = 'environment variable GODWIT_SENDMAIL_PASSWORD_FILE: is wrong. Mend it';
  assert.equal(say(file, { GODWIT_SENDMAIL_PASSWORD_FILE: 'q' }), variable);
  assert.equal(say(null, {}), variable);
});

test('parseSendmailConfig: mistakes in the environment are reported beside a file that is missing, or wrong', () => {
  const environment = { GODWIT_SENDMAIL_HSOT: 'x', GODWIT_SENDMAIL_PORT: 'smtp' };
  const variables = [
    "environment variable GODWIT_SENDMAIL_HSOT: names no setting. Did you mean GODWIT_SENDMAIL_HOST? Otherwise unset it; 'godwit config describe sendmail' lists the settings",
    'environment variable GODWIT_SENDMAIL_PORT: must be a number. Write digits without quotes or a unit',
  ];
  const missing = new ConfigError([wholeFile('s.yaml', 'there is no such file', 'Write it')]);
  for (const [file, first] of [
    [missing, 's.yaml:1:1: there is no such file. Write it'],
    [{ file: 's.yaml', text: 'host: [' }, /^s\.yaml:1:\d+: /],
    [{ file: 's.yaml', text: 'hots: m.example\n' }, /^s\.yaml:1:1: hots: unknown setting/],
  ] as const) {
    assert.throws(
      () => parseSendmailConfig(file, environment),
      (error) => {
        assert.ok(error instanceof ConfigError);
        const [said = '', ...others] = error.problems.map(formatProblem);
        if (typeof first === 'string') assert.equal(said, first);
        else assert.match(said, first);
        assert.deepEqual(others, variables);
        return true;
      },
    );
  }
});

test('sendmailSpool: the environment, the file, neither, even of a wrong file', () => {
  const file = { file: 's.yaml', text: 'spoolDirectory: /var/s' };
  assert.equal(sendmailSpool(file, { GODWIT_SENDMAIL_SPOOL_DIRECTORY: '/x' }), '/x');
  assert.equal(sendmailSpool(file, {}), '/var/s');
  assert.equal(sendmailSpool({ ...file, text: 'what' }, {}), null);
  assert.equal(sendmailSpool(null, {}), null);
});

test('exampleSendmail is right, and describeConfig explains every setting of it', () => {
  const text = exampleSendmail({ host: 'mail.example.org', address: 'you@example.org' });
  assert.equal(
    read(text),
    'submissions://mail.example.org:465 you@example.org godwit-sendmail.password you@example.org',
  );
  for (const [, setting] of text.matchAll(/^(\w+):/gm))
    assert.match(describeConfig('sendmail'), new RegExp(`^${setting} \\(`, 'm'));
});
