import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { ServerAddress } from '#server/assemble';
import { localAccount } from '#server/localserve';
import { table } from './terminal.ts';

/** Facts of the welcome. */
interface WelcomeFacts {
  readonly addresses: readonly ServerAddress[];
  readonly folder: string;
  readonly dataDirectory: string;
  /** Call of this program, such as `npx godwit`. */
  readonly program: string;
  /** Option that names the folder in commands, with a space before it; empty when it is the default. */
  readonly option: string;
}

const schemes: Readonly<Record<string, string>> = {
  smtp: 'smtp',
  submission: 'smtp',
  submissions: 'smtps',
  imap: 'imap',
  imaps: 'imaps',
  http: 'http',
  https: 'https',
};

const uses: Readonly<Record<string, string>> = {
  smtp: 'mail from your programs, any login or none',
  submission: 'mail as on a real server, STARTTLS possible',
  submissions: 'mail as on a real server, TLS',
  imap: 'reading mail, STARTTLS possible',
  imaps: 'reading mail, TLS',
  http: 'JMAP, and this list as a page',
  https: 'the same, TLS',
};

/** Text that `localserve` prints when it is ready: addresses, credentials, what to try, and how to stop. */
export function welcome({ addresses, folder, dataDirectory, program, option }: WelcomeFacts): string[] {
  const { address, password, adminPassword } = localAccount;
  const smtp = addresses.find(({ service }) => service === 'smtp');
  const submission = addresses.find(({ service }) => service === 'submission');
  const imap = addresses.find(({ service }) => service === 'imap');
  const http = addresses.find(({ service }) => service === 'http');
  return [
    '',
    'Godwit is ready: mail for any address is accepted and stays on this machine.',
    '',
    ...table(urlRows(addresses), '  '),
    ...movedLines(addresses),
    '',
    `  account         ${address}, password ${password}`,
    `  admin password  ${adminPassword}, for the web pages of a later release`,
    `  certificate     ${join(folder, 'localhost.crt')}, self-signed`,
    `  mail            ${dataDirectory}`,
    '',
    'Try:',
    ...(smtp === undefined ? [] : [`  swaks --server ${hostPort(smtp)} --from you@example.org --to ${address}`]),
    ...(submission === undefined
      ? []
      : [
          `  swaks --server ${hostPort(submission)} --tls --auth-user ${address} --auth-password ${password} --from ${address} --to anybody@example.org`,
        ]),
    ...(imap === undefined
      ? []
      : [`  curl --user ${address}:${password} "imap://${hostPort(imap)}/INBOX;MAILINDEX=1"`]),
    ...(http === undefined ? [] : [`  curl --user ${address}:${password} http://${hostPort(http)}/.well-known/jmap`]),
    `  ${program} queue list --all${option}`,
    '',
    'Addresses that fail on purpose: the localpart ends in temperror, permerror, timeout or a code such as 451 or 550.',
    '  permerror@example.org             refused after DATA',
    '  mailfromtemperror@, rcptto550@    refused at MAIL FROM, at RCPT TO',
    '  queuepermerror@, queue451@        accepted by submission, then fail in the queue',
    '',
    `Stop with Ctrl-C, or: ${program} stop${option}`,
  ];
}

function urlRows(addresses: readonly ServerAddress[]): string[][] {
  const rows = addresses.map((place) => {
    const { address, password } = localAccount;
    // Browsers warn of addresses with a password in them.
    const login = /^(?:smtp|https?)$/.test(place.service) ? '' : `${encodeURIComponent(address)}:${password}@`;
    const { service } = place;
    const url = `${schemes[service] ?? service}://${login}${hostPort(place, addresses)}`;
    return [service, url, uses[service] ?? ''];
  });
  // 127.0.0.1 and ::1 are both localhost.
  return [...new Map(rows.map((row) => [row.join(' '), row])).values()];
}

/** Lines about ports that other programs have. */
function movedLines(addresses: readonly ServerAddress[]): string[] {
  const lines = addresses.flatMap(({ service, port, moved }) =>
    moved === undefined ? [] : [`  Port ${moved.from} is taken by ${moved.owner}: ${service} is on ${port}.`],
  );
  return lines.length === 0 ? [] : ['', ...new Set(lines)];
}

/** `localhost:1025`, or the address itself when the port of 127.0.0.1 and ::1 is not the same. */
function hostPort({ service, address, port }: ServerAddress, all: readonly ServerAddress[] = []): string {
  const onLoopback = all.filter((other) => other.service === service && isLoopback(other.address));
  const withPort = onLoopback.filter((other) => other.port === port).map((other) => other.address);
  const isLocalhost = isLoopback(address) && onLoopback.every((other) => withPort.includes(other.address));
  const host = isLocalhost ? 'localhost' : isIPv6(address) ? `[${address}]` : address;
  return `${host}:${port}`;
}

function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1';
}
