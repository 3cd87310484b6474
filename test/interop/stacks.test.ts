import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { freshSubject, messageBySubject } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { program, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

/** A program with stock settings: nothing in it knows that this is a development server. */
interface Stack {
  readonly name: string;
  readonly command: string;
  /** Arguments before host, port, user, password and subject. */
  readonly args: readonly string[];
  /** Not in CI, where it is skipped as elsewhere. */
  readonly isOptional?: boolean;
  /** A file that it needs besides the command. */
  readonly file?: string;
}

const script = (name: string): string => fileURLToPath(new URL(`stacks/${name}`, import.meta.url));
const jars = '/usr/share/java/javax.mail.jar:/usr/share/java/javax.activation.jar';

const stacks: readonly Stack[] = [
  { name: 'Python smtplib, send_message', command: 'python3', args: [script('send-message.py')] },
  { name: 'Python smtplib, raw UTF-8', command: 'python3', args: [script('raw-utf8.py')] },
  { name: 'Ruby Net::SMTP', command: 'ruby', args: [script('net-smtp.rb')] },
  { name: 'the Mail gem', command: 'ruby', args: [script('mail-gem.rb')] },
  { name: 'PHPMailer', command: 'php', args: [script('phpmailer.php')] },
  { name: 'Symfony Mailer', command: 'php', args: [script('symfony.php')] },
  { name: 'Perl Net::SMTP', command: 'perl', args: [script('net-smtp.pl')] },
  {
    name: 'Email::Sender',
    command: 'perl',
    args: [script('email-sender.pl')],
    file: '/usr/share/perl5/Email/Sender.pm',
  },
  { name: 'Go net/smtp', command: 'go', args: ['run', script('smtp.go')] },
  {
    name: 'JavaMail',
    command: 'java',
    args: ['-cp', jars, script('Send.java')],
    isOptional: true,
    file: '/usr/share/java/javax.mail.jar',
  },
];

function condition({ command, file, isOptional = false }: Stack): { readonly skip: string | false } {
  const isCi = process.env['CI'] === 'true';
  if (isOptional && file !== undefined && !existsSync(file)) return { skip: `skipped: ${file} not installed` };
  if (file !== undefined && !existsSync(file) && !isCi) return { skip: `skipped: ${file} not installed` };
  if (isOptional && isCi) return { skip: `skipped: ${command} is not part of CI` };
  return needs(command);
}

for (const stack of stacks) {
  describePeer(`${stack.name} sends to localhost:1025 with stock settings`, condition(stack), () => {
    let server: ServerUnderTest;
    before(async () => {
      server = await startLocalserve();
    });
    after(() => server[Symbol.asyncDispose]());

    const send = async (user: string, password: string): Promise<string> => {
      const subject = freshSubject(stack.name.replace(/\W+/g, '-'));
      const { host, ports } = server;
      await succeed(stack.command, [...stack.args, host, String(ports.smtp), user, password, subject]);
      return subject;
    };

    test('without a login', async () => {
      const mail = await simpleParser(await messageBySubject(server, await send('', '')));
      assert.equal(mail.text?.trim(), 'Grüße');
    });

    test('with the login of another server, whose name is kept', async () => {
      const message = await messageBySubject(server, await send('team-a', 'production password'));
      assert.equal((await simpleParser(message)).text?.trim(), 'Grüße');
      assert.match(await why(server), /logged in as team-a with (?:PLAIN|LOGIN|CRAM-MD5)/);
    });
  });
}

describePeer('nodemailer sends to localhost:1025 with stock settings', { skip: false }, () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const auth of [null, { user: 'team-a', pass: 'production password' }]) {
    test(auth === null ? 'without a login' : 'with the login of another server', async () => {
      const subject = freshSubject('nodemailer');
      const transport = createTransport({
        host: server.host,
        port: server.ports.smtp,
        ...(auth === null ? {} : { auth }),
      });
      await transport.sendMail({ from: 'app@example.org', to: 'someone@example.com', subject, text: 'Grüße' });
      const message = await messageBySubject(server, subject);
      assert.equal((await simpleParser(message)).text?.trim(), 'Grüße');
      // It writes all that receivers want.
      assert.doesNotMatch(message.toString(), /^Godwit-Checks:/m);
      if (auth !== null) assert.match(await why(server), /logged in as team-a with PLAIN/);
    });
  }
});

async function why({ folder }: ServerUnderTest): Promise<string> {
  const args = [program, 'why', '--to', 'someone@example.com', '--dir', folder];
  return (await succeed(process.execPath, args)).stdout;
}
