import type { Files } from '#host/files';
import type { Domain } from '#lib/domain';
import type { Config, ServerConfig } from '#mail/config';
import type { DomainFacts, Finding } from '#mail/dns-advice';
import { usableTransports } from '#mail/routes';
import type { Resolver } from '#ports/resolver';
import type { DkimKeyFacts } from '#server/dkim';
import { asciiName } from './ascii-name.ts';
import { listenerKeys } from './listener-keys.ts';
import { openListeners, publicAddresses } from './public-addresses.ts';
import { transportAddresses } from './transport-addresses.ts';

/** Sources of facts. */
export interface GatherDeps {
  readonly config: Config;
  /** The folder of `server.yaml`. */
  readonly folder: string;
  readonly files: Files;
  /** Asked for the addresses of the mail host, when listeners do not name them. */
  readonly resolver: Resolver;
  /** IP addresses of this machine's networks. */
  readonly ownIps: readonly string[];
  /** All keys of all domains. */
  readonly dkim: readonly DkimKeyFacts[];
}

/** Facts about a domain, and what is to be said about them: above all what is not known. */
export interface GatheredFacts {
  readonly facts: DomainFacts;
  readonly remarks: readonly Finding[];
}

/** Gathers the facts about a domain of ours from the configuration and, where it says nothing, from DNS and files. Never rejects for what DNS or a file does. */
export async function gatherFacts(domain: Domain, deps: GatherDeps): Promise<GatheredFacts> {
  const { config, folder, files } = deps;
  const { server } = config;
  const mailHost = asciiName(server.hostname);
  const [addresses, keys] = await Promise.all([
    publicAddresses(server, mailHost, deps),
    listenerKeys(server, files, folder),
  ]);
  const transports = transportAddresses(server, usableTransports(config, domain.ascii));
  const signing = signingKeys(domain, deps.dkim);
  const postmaster = `postmaster@${domain.ascii}`;
  const facts: DomainFacts = {
    domain: domain.ascii,
    mailHost,
    ips: addresses.ips,
    remoteIps: transports.remoteIps,
    spfAll: '~',
    dkim: signing.dkim,
    // Without signatures, mail that was forwarded would be lost.
    dmarc: { policy: signing.dkim.length > 0 ? 'quarantine' : 'none', rua: postmaster },
    tlsRpt: { rua: postmaster },
    tlsa: keys.tlsa,
    ports: offeredPorts(server),
    servesWeb: false,
    caa: keys.issuers.length === 1 ? { issuer: keys.issuers[0] ?? '', accountUri: null } : null,
  };
  const remarks = [
    ...(takesMail(server) ? [] : [noListener]),
    ...addresses.remarks,
    ...transports.remarks,
    ...signing.remarks,
    ...keys.remarks,
  ];
  return { facts, remarks };
}

const noListener: Finding = {
  area: 'smtp',
  level: 'error',
  subject: 'server.yaml',
  sentence: 'no listener with a public address takes mail from other servers',
  fix: { kind: 'do', text: 'add smtp to a listener with a public address' },
};

function takesMail(server: ServerConfig): boolean {
  return openListeners(server).some(([, { smtp }]) => smtp?.enabled === true);
}

function signingKeys(
  domain: Domain,
  all: readonly DkimKeyFacts[],
): { readonly dkim: DomainFacts['dkim']; readonly remarks: readonly Finding[] } {
  const signing = all.filter((key) => key.domain === domain.ascii && key.signs);
  const remark = (level: Finding['level'], subject: string, sentence: string, text: string): Finding => {
    return { area: 'dkim', level, subject, sentence, fix: { kind: 'do', text } };
  };
  if (signing.length === 0) {
    const fix = `make a key: godwit dkim add ${domain.ascii}`;
    return { dkim: [], remarks: [remark('warning', domain.ascii, 'mail from it is not signed', fix)] };
  }
  return {
    dkim: signing.flatMap(({ selector, key }) => (key === null ? [] : [{ selector, record: key.record }])),
    remarks: signing.flatMap(({ selector, key, keyFile }) => {
      if (key !== null) return [];
      const sentence = `its key in ${keyFile} cannot be used, so its record is not known and mail that it is to sign is refused`;
      return [remark('error', `selector ${selector}`, sentence, "see what 'godwit config check' says")];
    }),
  };
}

/** Ports of services for users on listeners that others reach, the standard one first; those with STARTTLS only where there is a certificate. */
function offeredPorts(server: ServerConfig): DomainFacts['ports'] {
  const open = openListeners(server).map(([, listener]) => listener);
  const portOf = (service: 'submissions' | 'submission' | 'imaps' | 'imap', standard: number): number | null => {
    const ports = open.flatMap(({ tls, [service]: settings }) =>
      settings?.enabled === true && tls !== undefined && settings.port !== 0 ? [settings.port] : [],
    );
    return ports.includes(standard) ? standard : (ports[0] ?? null);
  };
  return {
    submissions: portOf('submissions', 465),
    submission: portOf('submission', 587),
    imaps: portOf('imaps', 993),
    imap: portOf('imap', 143),
    jmap: null,
  };
}
