import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSendmailArguments, type SendmailCommand } from './index.ts';

function show(command: SendmailCommand): string {
  if (command.kind === 'wrong') return `wrong: ${command.reason}`;
  if (command.kind === 'help') return 'help';
  if (command.kind === 'list') return 'list';
  if (command.kind === 'flush') return `flush${command.all ? ' all' : ''}`;
  const { recipients, fromHeader, sender, fullName, notify, ret, envid } = command.request;
  const facts = [
    fromHeader ? '-t' : '',
    command.ignoreDots ? '-i' : '',
    command.verbose ? '-v' : '',
    sender === null ? '' : `f=${sender}`,
    fullName === null ? '' : `F=${fullName}`,
    notify === null
      ? ''
      : `N=${Object.entries(notify)
          .flatMap(([word, on]) => (on ? [word] : []))
          .join('+')}`,
    ret === null ? '' : `R=${ret}`,
    envid === null ? '' : `V=${envid}`,
    command.configFile === null ? '' : `config=${command.configFile}`,
    `to=${recipients.join(',')}`,
  ];
  return facts.filter((fact) => fact !== '').join(' ');
}

for (const [who, args, want] of [
  ['Debian’s cron', '-FCronDaemon -i -B8BITMIME -oem root', '-i F=CronDaemon to=root'],
  ['cronie', '-FCronDaemon -i -odi -oem -oi -t -f root', '-t -i f=root F=CronDaemon to='],
  ['PHP', '-t -i', '-t -i to='],
  ['PHP with -f', '-t -i -fwww@example.org', '-t -i f=www@example.org to='],
  ['git send-email', '-i a@example.org b@example.org', '-i to=a@example.org,b@example.org'],
  ['mailx', '-i -r me@example.org -- a@example.org', '-i f=me@example.org to=a@example.org'],
  [
    'mutt',
    '-oem -oi -f me@example.org -N failure,delay -R hdrs -- a@x b@x',
    '-i f=me@example.org N=failure+delay R=HDRS to=a@x,b@x',
  ],
  ['a cluster', '-tiv', '-t -i -v to='],
  ['a cluster that ends in a value', '-tif me@x', '-t -i f=me@x to='],
  ['the null sender', '-f <> a@x', 'f=<> to=a@x'],
  ['options after recipients', 'a@x -f me@x b@x', 'f=me@x to=a@x,b@x'],
  ['what looks like an option after --', '-i -- -t', '-i to=-t'],
  [
    'options that are ignored with their values',
    '-A c -C f.cf -h 20 -L tag -O Opt=1 -p ESMTP -X log -oQ/tmp -d0.1 -q15m -U -G -n a@x',
    'to=a@x',
  ],
  ['Dovecot Sieve', '-i -f me@x -- a@x', '-i f=me@x to=a@x'],
  ['vacation programs', '-f<> -- a@x', 'f=<> to=a@x'],
  ['mdadm', '-t', '-t to='],
  ['logwatch', '-oi -t', '-t -i to='],
  ['callers written for Exim', '-oem -oi -oMr spam-scanned -oMai ann -odb a@x', '-i to=a@x'],
  ['callers written for Postfix', '-G -oi -B 8BITMIME -V id-7 -N failure a@x', '-i N=failure V=id-7 to=a@x'],
  ['unknown letters and words', '-Zwhat --read-envelope-from --domain=x a@x', 'to=a@x'],
  ['--config', '--config /etc/x.yaml -t', '-t config=/etc/x.yaml to='],
  ['--config=', '--config=/etc/x.yaml -t', '-t config=/etc/x.yaml to='],
  ['-N never', '-N never a@x', 'N= to=a@x'],
  ['-V', '-V id-7 a@x', 'V=id-7 to=a@x'],
  ['-bm', '-bm a@x', 'to=a@x'],
  ['-b m', '-b m a@x', 'to=a@x'],
  ['-bp', '-bp', 'list'],
  ['--flush', '--flush', 'flush'],
  ['--flush --all', '--flush --all', 'flush all'],
  ['-q alone', '-q', 'flush'],
  ['--help', '--help', 'help'],
  [
    '-bs',
    '-bs',
    'wrong: speaking SMTP on standard input (-bs) is not supported: give the message itself, or connect to the server',
  ],
  ['-bd', '-bd -q30m', 'wrong: sendmail is no server here (-bd): start godwit serve'],
  ['-bz', '-bz a@x', 'wrong: unknown mode -bz'],
  ['nothing', '', 'wrong: no recipients: name them, or use -t to take them from the header'],
  ['-f at the end', 'a@x -f', 'wrong: -f needs a value'],
  ['-N with a wrong word', '-N often a@x', 'wrong: -N often: write never, or success, failure and delay with commas'],
] as const) {
  test(`parseSendmailArguments: ${who}: ${args}`, () => {
    assert.equal(show(parseSendmailArguments(args.split(' ').filter((arg) => arg !== ''))), want);
  });
}

test('parseSendmailArguments: an empty -f is the null sender', () => {
  assert.equal(show(parseSendmailArguments(['-f', '', 'a@x'])), 'f= to=a@x');
});

for (const args of [
  ['a@x\nBcc: b@x'],
  ['-f', 'me@x\r\nRCPT TO:<b@x>', 'a@x'],
  ['-F', 'a\0b', 'a@x'],
  ['--', 'a\tb@x'],
]) {
  test(`parseSendmailArguments: control characters in ${JSON.stringify(args)}`, () => {
    assert.match(show(parseSendmailArguments(args)), /^wrong: ".*" has a line break or another control character$/);
  });
}
