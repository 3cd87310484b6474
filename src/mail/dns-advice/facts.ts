/** Configuration of a domain that determines its DNS records. Names are A-labels without the final dot; IPs are canonical text. */
export interface DomainFacts {
  readonly domain: string;
  /** Host in the MX record; also our name in EHLO. */
  readonly mailHost: string;
  /** Public addresses of the mail host, for incoming and outgoing mail. */
  readonly ips: readonly string[];
  /** Other addresses from which we send, such as those of SOCKS proxies, with our EHLO name there. */
  readonly remoteIps: readonly { readonly ip: string; readonly ehloName: string }[];
  /** Result of SPF for all other hosts: `~` (softfail) or `-` (fail). */
  readonly spfAll: '~' | '-';
  /** Selectors that sign, each with the text of its TXT record. */
  readonly dkim: readonly { readonly selector: string; readonly record: string }[];
  /** Null if no DMARC record is wanted. `rua` is an address; null for no reports. */
  readonly dmarc: { readonly policy: 'none' | 'quarantine' | 'reject'; readonly rua: string | null } | null;
  /** Null for no TLS reports. `rua` is an address. */
  readonly tlsRpt: { readonly rua: string } | null;
  /** TLSA records of port 25 of the mail host, as `3 1 1 0123…`. */
  readonly tlsa: readonly string[];
  /** Ports for users' mail programs; null if not offered. */
  readonly ports: {
    readonly submissions: number | null;
    readonly submission: number | null;
    readonly imaps: number | null;
    readonly imap: number | null;
    readonly jmap: number | null;
  };
  /** True when the mail host answers HTTPS for `mta-sts.`, `autoconfig.` and Autodiscover of the domain; until then, their importance is `later`. */
  readonly servesWeb: boolean;
  /** The authority that issues certificates of the mail host, and our account there (RFC 8657 §3) if known; null when unknown. */
  readonly caa: { readonly issuer: string; readonly accountUri: string | null } | null;
}

/** Returns all addresses from which we send, without duplicates, each with its EHLO name. */
export function outgoingIps(facts: DomainFacts): readonly { readonly ip: string; readonly ehloName: string }[] {
  const all = new Map<string, string>();
  for (const ip of facts.ips) all.set(ip, facts.mailHost);
  for (const { ip, ehloName } of facts.remoteIps) if (!all.has(ip)) all.set(ip, ehloName);
  return [...all].map(([ip, ehloName]) => ({ ip, ehloName }));
}
