import type { ServerConfig, TransportConfig } from '#mail/config';
import type { DomainFacts, Finding } from '#mail/dns-advice';
import { asciiName } from './ascii-name.ts';
import { isPublic, parsedIps } from './public-addresses.ts';

/** Addresses from which transports send, each with the name that is said in EHLO there, and what is not known of them. */
export interface TransportAddresses {
  readonly remoteIps: DomainFacts['remoteIps'];
  readonly remarks: readonly Finding[];
}

/** Reads off the transports where mail goes out other than from the mail host. @param usable  names of those that routes of the domain can choose. */
export function transportAddresses(
  { transports, hostname }: ServerConfig,
  usable: ReadonlySet<string>,
): TransportAddresses {
  const found = Object.entries(transports)
    .filter(([name]) => usable.has(name))
    .map(([name, transport]) => addressesOf(name, transport, hostname));
  return {
    remoteIps: found.flatMap(({ remoteIps }) => remoteIps),
    remarks: found.flatMap(({ remarks }) => remarks),
  };
}

function addressesOf(name: string, transport: TransportConfig, hostname: string): TransportAddresses {
  const remark = (level: Finding['level'], sentence: string, text: string): Finding => ({
    area: 'spf',
    level,
    subject: `transport ${name}`,
    sentence,
    fix: { kind: 'do', text },
  });
  switch (transport.kind) {
    case 'fail':
      return { remoteIps: [], remarks: [] };
    case 'socks': {
      const ehloName = asciiName(transport.remoteHostname ?? hostname);
      const remoteIps = parsedIps(transport.remoteIps).map(({ text: ip }) => ({ ip, ehloName }));
      if (remoteIps.length > 0) return { remoteIps, remarks: [] };
      const sentence = 'it is not known from which addresses mail comes out of the proxy';
      return { remoteIps, remarks: [remark('warning', sentence, `list them as transports.${name}.remoteIps`)] };
    }
    case 'direct': {
      const ehloName = asciiName(transport.hostname ?? hostname);
      const own = parsedIps(transport.localAddresses);
      const inner = own.filter((ip) => !isPublic(ip)).map(({ text }) => text);
      const sentence = `which public address ${inner.join(', ')} is seen as is not known`;
      const fix = 'if it is none of the mail host, add it to the SPF record';
      return {
        remoteIps: own.filter(isPublic).map(({ text: ip }) => ({ ip, ehloName })),
        remarks: inner.length === 0 ? [] : [remark('note', sentence, fix)],
      };
    }
    case 'smtp':
    case 'submission':
    case 'submissions': {
      const sentence = `mail through ${transport.host} comes from addresses that are not known here`;
      const fix = 'add to the SPF record what its operator says, often include: with a name';
      return { remoteIps: [], remarks: [remark('note', sentence, fix)] };
    }
  }
}
