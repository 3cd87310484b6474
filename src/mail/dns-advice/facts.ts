/** Configuration of a domain, as far as DNS should hold it. Names are A-labels without the final dot; IPs are canonical text. */
export interface DomainFacts {
  readonly domain: string;
  /** The host of the MX record; also our name in EHLO. */
  readonly mailHost: string;
  /** Public addresses of the mail host: mail comes in and goes out here. */
  readonly ips: readonly string[];
  /** Other addresses from which mail goes out, as through SOCKS proxies, with the name that we say in EHLO there. */
  readonly remoteIps: readonly { readonly ip: string; readonly ehloName: string }[];
  /** Result of SPF for all other hosts: `~` (softfail) or `-` (fail). */
  readonly spfAll: '~' | '-';
  /** Selectors that sign, each with the text of its TXT record. */
  readonly dkim: readonly { readonly selector: string; readonly record: string }[];
  /** Null: no DMARC wanted. `rua` is an address, null for no reports. */
  readonly dmarc: { readonly policy: 'none' | 'quarantine' | 'reject'; readonly rua: string | null } | null;
  /** Null: no TLS reports. `rua` is an address. */
  readonly tlsRpt: { readonly rua: string } | null;
  /** TLSA records of port 25 of the mail host, as `3 1 1 0123…`. */
  readonly tlsa: readonly string[];
  /** Ports for users' programs; null: not offered. */
  readonly ports: {
    readonly submissions: number | null;
    readonly submission: number | null;
    readonly imaps: number | null;
    readonly imap: number | null;
    readonly jmap: number | null;
  };
  /** True when the mail host answers HTTPS for `mta-sts.`, `autoconfig.` and Autodiscover of the domain; until it does, their records are for later. */
  readonly servesWeb: boolean;
  /** The authority that issues certificates of the mail host, with our account there (RFC 8657 §3) when it is known; null: not known. */
  readonly caa: { readonly issuer: string; readonly accountUri: string | null } | null;
}

/** All addresses that mail goes out from, without duplicates, each with its EHLO name. */
export function outgoingIps(facts: DomainFacts): readonly { readonly ip: string; readonly ehloName: string }[] {
  const all = new Map<string, string>();
  for (const ip of facts.ips) all.set(ip, facts.mailHost);
  for (const { ip, ehloName } of facts.remoteIps) if (!all.has(ip)) all.set(ip, ehloName);
  return [...all].map(([ip, ehloName]) => ({ ip, ehloName }));
}
