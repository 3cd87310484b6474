import { parseDomain, parseIp } from '#lib/domain';
import { mechanismTraits, tokenMechanisms } from '#lib/sasl';
import { socksLimits } from '#lib/socks';
import { directName } from './check-routes.ts';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { ServerConfig } from './server-schema.ts';
import type { RelayConfig, TransportConfig } from './transports-schema.ts';

/** Reports a problem at a path below the transport. */
type Report = (path: readonly (string | number)[], reason: string, fix: string) => void;

/** Checks what a schema cannot express about transports: hosts and addresses, and logins that can succeed and keep passwords off plaintext connections. */
export function checkTransports({ value, problemAt }: ConfigDocument<ServerConfig>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, transport] of Object.entries(value.transports)) {
    const report: Report = (path, reason, fix) => {
      problems.push(problemAt(['transports', name, ...path], reason, fix));
    };
    if (name === directName) {
      report([], 'routes to direct mean the hosts of each domain, without a transport', 'Give it another name');
    }
    checkTransport(transport, report);
  }
  return problems;
}

function checkTransport(transport: TransportConfig, report: Report): void {
  switch (transport.kind) {
    case 'submissions':
    case 'submission':
    case 'smtp':
      checkHost(transport.host, report);
      checkOrigin(transport, report);
      checkAuth(transport, report);
      if (transport.tls === 'none' && transport.clientCertificate !== undefined)
        report(['clientCertificate'], 'is never shown, as tls is none', 'Remove it, or use TLS');
      if (transport.caFile !== undefined && transport.tls !== 'verified')
        report(['caFile'], 'is never used, as tls is not verified', 'Remove it, or let tls be verified');
      return;
    case 'socks':
      checkHost(transport.host, report);
      checkSocks(transport, report);
      return;
    case 'direct':
      checkOrigin(transport, report);
      checkName('hostname', transport.hostname, report);
      return;
    case 'fail':
      return;
  }
}

function checkHost(host: string, report: Report): void {
  const isIp = /^[\d.]+$/.test(host) || host.includes(':');
  if (isIp ? parseIp(host).ok : parseDomain(host).ok) return;
  const fix = host.includes(':') ? 'The port is a setting of its own' : 'Write a name such as mail.example.org';
  report(['host'], `not a host name or IP address: ${host}`, fix);
}

function checkName(key: string, name: string | undefined, report: Report): void {
  const parsed = name === undefined ? null : parseDomain(name);
  if (parsed?.ok === false)
    report([key], `not a host name: ${parsed.reason}`, 'Use the fully qualified name, such as mail.example.org');
}

function checkOrigin(
  { ipv4, ipv6, localAddresses }: Extract<TransportConfig, { localAddresses: unknown }>,
  report: Report,
): void {
  if (!ipv4 && !ipv6) report(['ipv6'], 'nothing is left to connect to', 'Switch ipv4 or ipv6 on');
  for (const [i, text] of localAddresses.entries()) {
    const ip = parseIp(text);
    const path = ['localAddresses', i];
    if (!ip.ok) report(path, `not an IP address: ${text}`, 'Write addresses, not names');
    else if (!(ip.value.family === 4 ? ipv4 : ipv6))
      report(path, `is never used, as ipv${ip.value.family} is switched off`, 'Remove one of the two');
    else if (['0.0.0.0', '::'].includes(ip.value.text))
      report(path, 'is not one address', 'Leave the list out to let the system choose');
  }
}

function checkSocks(transport: Extract<TransportConfig, { kind: 'socks' }>, report: Report): void {
  const { user, password, passwordFile, remoteIps, remoteHostname } = transport;
  checkName('remoteHostname', remoteHostname, report);
  for (const [i, text] of remoteIps.entries()) {
    if (!parseIp(text).ok) report(['remoteIps', i], `not an IP address: ${text}`, 'Write addresses, not names');
  }
  if (password !== undefined && passwordFile !== undefined) report(['password'], twoSecrets, 'Keep passwordFile');
  const hasPassword = password !== undefined || passwordFile !== undefined;
  if (user !== undefined && !hasPassword) report(['user'], 'has no password', 'Add passwordFile');
  if (user === undefined && hasPassword)
    report([password === undefined ? 'passwordFile' : 'password'], 'belongs to no user', 'Add user');
  for (const [key, text] of [
    ['user', user],
    ['password', password?.reveal()],
  ] as const) {
    const sizeBytes = new TextEncoder().encode(text ?? '').length;
    if (sizeBytes > socksLimits.maxCredentialBytes)
      report([key], `is longer than SOCKS allows: ${socksLimits.maxCredentialBytes} bytes`, `Choose a shorter ${key}`);
  }
}

const twoSecrets = 'the password is there twice';

function checkAuth(transport: RelayConfig, report: Report): void {
  const { auth, clientCertificate, tls } = transport;
  if (auth === undefined) return;
  const { user, mechanisms } = auth;
  const secrets = (['password', 'passwordFile', 'tokenFile'] as const).filter((key) => auth[key] !== undefined);
  const [secret, other] = secrets;
  if (other !== undefined) {
    const reason = other === 'tokenFile' ? 'a login has a password or a token' : twoSecrets;
    report(['auth', secret ?? other], reason, 'Keep one of them');
  }
  if (secret === undefined && mechanisms?.some((name) => name !== 'EXTERNAL') !== false)
    report(
      ['auth'],
      'has no password',
      'Add passwordFile or tokenFile; for client certificates, mechanisms: [EXTERNAL]',
    );
  if (secret !== undefined && user === undefined) report(['auth', secret], 'belongs to no user', 'Add auth.user');
  if (secret === 'tokenFile' && (tls === 'none' || tls === 'opportunistic'))
    report(['auth', 'tokenFile'], 'tokens are not sent without TLS', 'Set tls to verified');
  for (const [i, name] of (mechanisms ?? []).entries()) {
    const path = ['auth', 'mechanisms', i];
    const { secret: needed, showsSecret, bindsToTls } = mechanismTraits(name);
    const isToken = needed === 'token';
    if (needed === 'certificate') {
      if (clientCertificate === undefined)
        report(path, 'needs a certificate', 'Add clientCertificate with certificateFile and keyFile');
      continue;
    }
    if (isToken && secret !== undefined && secret !== 'tokenFile') report(path, 'needs a token', 'Use tokenFile');
    if (!isToken && secret === 'tokenFile')
      report(path, 'does not work with a token', `Write ${tokenMechanisms.join(' or ')}`);
    if (tls === 'none' && (bindsToTls || (showsSecret && !isToken)))
      report(path, bindsToTls ? 'binds to TLS' : 'would show the password to everybody', 'Set tls to verified');
  }
}
