import { parseDomain, parseIp } from '#lib/domain';
import { parseNetwork } from '#lib/ratelimit';
import { checkHttp } from './check-http.ts';
import { checkProxies } from './check-proxies.ts';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import { listenerServiceNames, listenerServiceTraits } from './listener-services.ts';
import type { ListenerConfig, ServerConfig } from './server-schema.ts';

type ServerDocument = ConfigDocument<ServerConfig>;

/** Checks what a schema cannot express about `server.yaml`: names, addresses, networks, and conflicts between listeners. */
export function checkServer(document: ServerDocument): ConfigProblem[] {
  const { value } = document;
  const taken = new Map<string, string>();
  return [
    ...checkNames(document),
    ...checkNetwork(document),
    ...Object.entries(value.listeners).flatMap(([id, listener]) => [
      ...checkAddresses(document, id, listener),
      ...checkProtection(document, id, listener),
      ...checkHttp(document, id, listener),
      ...checkProxies(document, id, listener),
      ...checkPorts(document, id, listener, taken),
    ]),
  ];
}

function checkNames({ value, problemAt }: ServerDocument): ConfigProblem[] {
  const fix = 'Use the fully qualified name, such as mail.example.org';
  const names = [
    { path: ['hostname'], name: value.hostname },
    ...Object.entries(value.listeners).flatMap(([id, { hostname }]) =>
      hostname === undefined ? [] : [{ path: ['listeners', id, 'hostname'], name: hostname }],
    ),
  ];
  return names.flatMap(({ path, name }) => {
    const parsed = parseDomain(name);
    return parsed.ok ? [] : [problemAt(path, `not a host name: ${parsed.reason}`, fix)];
  });
}

function checkNetwork({ value, problemAt }: ServerDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [i, network] of value.limits.trustedNetworks.entries()) {
    const parsed = parseNetwork(network);
    if (parsed.ok) continue;
    const path = ['limits', 'trustedNetworks', i];
    problems.push(problemAt(path, parsed.reason, 'Write it as 192.0.2.0/24 or 2001:db8::/32'));
  }
  for (const [i, server] of (value.dns.servers ?? []).entries()) {
    if (isNameServer(server)) continue;
    const fix = 'Write it as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353';
    problems.push(problemAt(['dns', 'servers', i], `not the address of a name server: ${server}`, fix));
  }
  return problems;
}

/** Reports whether a text is an IP address with or without a port; a zone may follow the address. */
function isNameServer(text: string): boolean {
  if (isAddress(text)) return true;
  const match = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return port >= 1 && port <= 65_535 && isAddress(match?.[1] ?? match?.[2] ?? '');
}

function isAddress(text: string): boolean {
  return parseIp(text.replace(/%[\w.-]+$/, '')).ok;
}

function checkAddresses({ problemAt }: ServerDocument, id: string, { addresses }: ListenerConfig): ConfigProblem[] {
  return addresses.flatMap((address, i) =>
    parseIp(address).ok
      ? []
      : [problemAt(['listeners', id, 'addresses', i], `not an IP address: ${address}`, 'Write addresses, not names')],
  );
}

/** Reports services that need TLS, on a listener without a certificate. */
function checkProtection({ problemAt }: ServerDocument, id: string, listener: ListenerConfig): ConfigProblem[] {
  if (listener.tls !== undefined) return [];
  const problems: ConfigProblem[] = [];
  for (const key of listenerServiceNames) {
    const service = listener[key];
    if (service === undefined || !service.enabled) continue;
    const { hasImmediateTls, hasLogins } = listenerServiceTraits[key];
    const path = ['listeners', id, key];
    if (hasImmediateTls) {
      problems.push(problemAt(path, 'needs a certificate', `Add listeners.${id}.tls with certificateFile and keyFile`));
    } else if (hasLogins && !('allowPlaintextAuth' in service && service.allowPlaintextAuth)) {
      const reason = 'nobody could log in: no certificate, and passwords without TLS are not allowed';
      problems.push(problemAt(path, reason, `Add listeners.${id}.tls with certificateFile and keyFile`));
    }
  }
  return problems;
}

/**
 * Reports listeners that share an address and port. An address that means all conflicts with every other of its family.
 * @param taken  Owners of addresses and ports so far.
 */
function checkPorts(
  { problemAt }: ServerDocument,
  id: string,
  listener: ListenerConfig,
  taken: Map<string, string>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const key of listenerServiceNames) {
    const service = listener[key];
    if (service === undefined || !service.enabled || service.port === 0) continue;
    const name = `listeners.${id}.${key}`;
    let clash: string | undefined;
    for (const address of listener.addresses) {
      clash ??= rivals(address, service.port, taken).find((owner) => owner !== undefined);
      taken.set(`${service.port} ${address}`, name);
    }
    if (clash !== undefined) {
      const reason =
        clash === name ? 'two of its addresses overlap' : `port ${service.port} is used by ${clash} already`;
      problems.push(problemAt(['listeners', id, key, 'port'], reason, 'Give it another port, or other addresses'));
    }
  }
  return problems;
}

/** Returns the names of services that use a port at this address. */
function rivals(address: string, port: number, taken: ReadonlyMap<string, string>): (string | undefined)[] {
  const all = address.includes(':') ? '::' : '0.0.0.0';
  const exact = [taken.get(`${port} ${address}`), taken.get(`${port} ${all}`)];
  if (address !== all) return exact;
  const sameFamily = [...taken].filter(([place]) => {
    const [takenPort, takenAddress = ''] = place.split(' ');
    return takenPort === String(port) && takenAddress.includes(':') === address.includes(':');
  });
  return [...exact, ...sameFamily.map(([, owner]) => owner)];
}
