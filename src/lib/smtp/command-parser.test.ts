import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { parseCommand } from './index.ts';

/** A command as one line, or the reason of its refusal with the column. */
function show(line: string, pedantic: boolean): string {
  const parsed = parseCommand(line, { pedantic });
  if (!parsed.ok) return `column ${parsed.at + 1}: ${parsed.reason}`;
  const command = parsed.value;
  switch (command.verb) {
    case 'HELO':
    case 'EHLO':
      return `${command.verb} ${command.hello.form} ${command.hello.text}`;
    case 'MAIL':
      return `MAIL ${command.from === null ? '<>' : writeAddress(command.from)}${parameters(command.parameters)}`;
    case 'RCPT':
      return `RCPT ${command.to === 'postmaster' ? command.to : writeAddress(command.to)}${parameters(command.parameters)}`;
    case 'BDAT':
      return `BDAT ${command.sizeBytes}${command.isLast ? ' last' : ''}`;
    case 'AUTH':
      return `AUTH ${command.mechanism} ${command.initial}`;
    case 'VRFY':
    case 'EXPN':
      return `${command.verb} ${command.text}${command.smtputf8 ? ' utf8' : ''}`;
    case 'HELP':
      return `HELP ${command.topic}`;
    case 'unknown':
      return `unknown ${command.word}`;
    default:
      return command.verb;
  }
}

function parameters(of: object): string {
  const given = Object.entries(of).filter(
    ([, value]) => value !== null && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return given.map(([name, value]) => ` ${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`).join('');
}

for (const [line, want, pedantic = want] of [
  // RFC 5321 §4.1.1.1, §4.1.3
  ['HELO relay.example.com', 'HELO domain relay.example.com'],
  ['ehlo [192.0.2.1]', 'EHLO literal [192.0.2.1]'],
  ['EHLO [IPv6:2001:db8::1]', 'EHLO literal [IPv6:2001:db8::1]'],
  ['EHLO [192.0.2.1] laptop', 'EHLO literal [192.0.2.1]'],
  ['EHLO MY_PC', 'EHLO domain MY_PC', 'EHLO other MY_PC'],
  ['EHLO my pc', 'EHLO other my pc'],
  ['EHLO', 'column 5: host name expected, or an address literal such as [192.0.2.1]'],
  [
    'EHLO ',
    'column 5: host name expected, or an address literal such as [192.0.2.1]',
    'column 6: host name expected, or an address literal such as [192.0.2.1]',
  ],
  // RFC 5321 §4.1.1.2
  ['MAIL FROM:<userx@y.foo.org>', 'MAIL userx@y.foo.org'],
  ['mail from:<>', 'MAIL <>'],
  ['MAIL FROM:<"a>b"@example.org> SIZE=5', 'MAIL "a>b"@example.org sizeBytes=5'],
  ['MAIL FROM:<@hosta.int,@jkl.org:userc@d.bar.org>', 'MAIL userc@d.bar.org'],
  ['MAIL FROM: <a@b.example>', 'MAIL a@b.example', 'column 11: < expected'],
  ['MAIL FROM:<a@b.example> ', 'MAIL a@b.example', 'column 25: parameter expected'],
  ['MAIL FROM:<a@b.example>  SIZE=1', 'MAIL a@b.example sizeBytes=1', 'column 25: parameter expected'],
  ['MAIL FROM:a@b.example', 'MAIL a@b.example', 'column 11: < expected'],
  ['MAIL FROM: a@b.example SIZE=1', 'MAIL a@b.example sizeBytes=1', 'column 11: < expected'],
  ['RCPT TO:a@b.example.', 'RCPT a@b.example', 'column 9: < expected'],
  ['MAIL FROM:a', 'column 11: < expected'],
  ['MAIL FROM:"a b"@c.example', 'column 11: < expected'],
  ['MAIL <a@b.example>', 'column 6: FROM: expected'],
  ['MAIL FROM:<a@b.example', 'column 23: > expected'],
  ['MAIL FROM:<a@b.example>x', 'column 24: space expected'],
  // RFC 1870 §5, RFC 6152 §2, RFC 6531 §3.4, RFC 8689 §2, RFC 4954 §5
  ['MAIL FROM:<a@b.example> size=12345678901234567890', 'MAIL a@b.example sizeBytes=12345678901234567000'],
  ['MAIL FROM:<a@b.example> SIZE=123456789012345678901', 'column 25: SIZE: number expected'],
  ['MAIL FROM:<a@b.example> SIZE', 'column 25: SIZE: number expected'],
  ['MAIL FROM:<a@b.example> BODY=8bitmime', 'MAIL a@b.example body=8BITMIME'],
  ['MAIL FROM:<a@b.example> BODY=9BIT', 'MAIL a@b.example unknown=["BODY=9BIT"]'],
  ['MAIL FROM:<é@b.example> SMTPUTF8', 'MAIL é@b.example smtputf8=true'],
  ['MAIL FROM:<a@b.example> SMTPUTF8=1', 'column 25: SMTPUTF8: takes no value'],
  ['MAIL FROM:<a@b.example> REQUIRETLS', 'MAIL a@b.example requireTls=true'],
  ['MAIL FROM:<a@b.example> AUTH=e+3Dmc2@example.com', 'MAIL a@b.example auth=e=mc2@example.com'],
  ['MAIL FROM:<a@b.example> AUTH=<>', 'MAIL a@b.example auth=<>'],
  ['MAIL FROM:<a@b.example> AUTH=a+4', 'column 25: AUTH: xtext expected'],
  // RFC 4865 §4.1
  ['MAIL FROM:<a@b.example> HOLDFOR=86400', 'MAIL a@b.example holdForS=86400'],
  ['MAIL FROM:<a@b.example> HOLDUNTIL=1970-01-01T00:00:01Z', 'MAIL a@b.example holdUntilMs=1000'],
  ['MAIL FROM:<a@b.example> HOLDUNTIL=tomorrow', 'column 25: HOLDUNTIL: date and time expected'],
  [
    'MAIL FROM:<a@b.example> HOLDFOR=1 HOLDUNTIL=1970-01-01T00:00:01Z',
    'column 24: HOLDFOR and HOLDUNTIL exclude each other',
  ],
  // RFC 3461 §4
  ['MAIL FROM:<a@b.example> RET=hdrs ENVID=QQ314159', 'MAIL a@b.example ret=HDRS envid=QQ314159'],
  ['MAIL FROM:<a@b.example> RET=SOME', 'column 25: RET: FULL or HDRS expected'],
  ['MAIL FROM:<a@b.example> FOO BAR=x', 'MAIL a@b.example unknown=["FOO","BAR=x"]'],
  ['MAIL FROM:<a@b.example> FOO FOO', 'column 29: FOO given twice'],
  ['MAIL FROM:<a@b.example> __proto__=1', 'column 25: parameter expected'],
  ['MAIL FROM:<a@b.example> CONSTRUCTOR=1', 'MAIL a@b.example unknown=["CONSTRUCTOR=1"]'],
  // RFC 5321 §4.1.1.3
  ['RCPT TO:<Postmaster>', 'RCPT postmaster'],
  ['RCPT TO:<postmaster@example.com>', 'RCPT postmaster@example.com'],
  ['RCPT TO:<user@[IPv6:::1]>', 'RCPT user@[IPv6:::1]'],
  ['RCPT TO:<>', 'column 10: a recipient cannot be empty'],
  [
    'RCPT TO:<b@c.example> NOTIFY=SUCCESS,FAILURE',
    'RCPT b@c.example notify={"success":true,"failure":true,"delay":false}',
  ],
  ['RCPT TO:<b@c.example> NOTIFY=never', 'RCPT b@c.example notify={"success":false,"failure":false,"delay":false}'],
  [
    'RCPT TO:<b@c.example> NOTIFY=NEVER,DELAY',
    'column 23: NOTIFY: NEVER, or a list of SUCCESS, FAILURE, DELAY expected',
  ],
  [
    'RCPT TO:<b@c.example> ORCPT=rfc822;Bob+2B@Example.COM',
    'RCPT b@c.example orcpt={"type":"rfc822","address":"Bob+@Example.COM"}',
  ],
  // The rest of RFC 5321 §4.1.1
  ['DATA', 'DATA'],
  ['DATA now', 'column 5: DATA takes no argument'],
  ['data ', 'DATA', 'column 5: DATA takes no argument'],
  ['RSET', 'RSET'],
  ['QUIT', 'QUIT'],
  ['NOOP x', 'NOOP'],
  ['VRFY Crispin', 'VRFY Crispin'],
  ['VRFY jörg SMTPUTF8', 'VRFY jörg utf8'],
  ['EXPN', 'column 5: text expected'],
  ['HELP rcpt to', 'HELP rcpt to'],
  ['STARTTLS', 'STARTTLS'],
  ['STARTTLS x', 'column 9: STARTTLS takes no argument'],
  // RFC 3030 §2
  ['BDAT 0 LAST', 'BDAT 0 last'],
  ['bdat 1000000', 'BDAT 1000000'],
  ['BDAT -1', 'column 6: chunk size and perhaps LAST expected'],
  ['BDAT 1 2', 'column 6: chunk size and perhaps LAST expected'],
  // RFC 4954 §4
  ['AUTH PLAIN dGVzdA==', 'AUTH PLAIN dGVzdA=='],
  ['AUTH plain   dGVzdA==', 'AUTH PLAIN dGVzdA==', 'column 12: initial response is not base64'],
  ['AUTH EXTERNAL =', 'AUTH EXTERNAL ='],
  ['AUTH LOGIN', 'AUTH LOGIN null'],
  ['AUTH', 'column 5: mechanism expected'],
  ['AUTH =', 'column 6: mechanism expected'],
  ['AUTH PLAIN a*b', 'column 12: initial response is not base64'],
  ['', 'unknown '],
  ['GET / HTTP/1.1', 'unknown GET'],
  ['MAILFROM:<a@b>', 'unknown MAILFROM:<A@B>'],
] as const) {
  test(`parseCommand(${JSON.stringify(line)})`, () => {
    assert.equal(show(line, false), want);
    assert.equal(show(line, true), pedantic, 'pedantic');
  });
}

for (const [line, want] of [
  ['EHLO', { form: 'other', text: '' }],
  ['HELO  ', { form: 'other', text: '' }],
] as const) {
  test(`parseCommand(${JSON.stringify(line)}), lenient`, () => {
    const parsed = parseCommand(line, { lenient: true });
    assert.ok(parsed.ok && (parsed.value.verb === 'EHLO' || parsed.value.verb === 'HELO'));
    assert.deepEqual({ form: parsed.value.hello.form, text: parsed.value.hello.text }, want);
    assert.equal(parseCommand(line).ok, false);
  });
}

for (const [line, want] of [
  ['RCPT TO:<root>', 'root@localhost'],
  ['RCPT TO:root', 'root@localhost'],
  ['RCPT TO: www-data NOTIFY=NEVER', 'www-data@localhost'],
  ['RCPT TO:<a@example.org>', 'a@example.org'],
  ['RCPT TO:<postmaster>', 'postmaster'],
] as const) {
  test(`parseCommand(${JSON.stringify(line)}), lenient`, () => {
    const parsed = parseCommand(line, { lenient: true });
    assert.ok(parsed.ok && parsed.value.verb === 'RCPT');
    assert.equal(parsed.value.to === 'postmaster' ? 'postmaster' : writeAddress(parsed.value.to), want);
  });
}

test('parseCommand, lenient: an address that cannot be read is refused within the line', () => {
  for (const line of ['MAIL FROM:<a b>', 'MAIL FROM:<>x', 'RCPT TO:', 'RCPT TO:<"a>', 'RCPT TO:<a@>']) {
    const parsed = parseCommand(line, { lenient: true });
    assert.ok(!parsed.ok && parsed.at <= line.length, line);
  }
});
