import type { DaneDecision, TlsaRecord } from '#lib/dane';
import { referenceNames, writeTlsa } from '#lib/dane';
import { lookupFailureText } from '#lib/dns';
import { allowsMx, stsPolicyLines, type StsPolicy, type StsSettled, type StsSituation } from '#lib/mta-sts';
import type { TlsPolicy, TlsResult } from '#lib/tlsrpt';

/**
 * What the message asks for. `requiretls-bounce`: the notification about a REQUIRETLS message, which is better delivered without than not
 * at all (RFC 8689 §5).
 */
export type TlsWish = 'default' | 'requiretls' | 'requiretls-bounce' | 'tls-required-no';

/** Everything that decides how one host may be spoken to. Names are A-labels in lower case. */
export interface TlsInputs {
  /** Domain that mail is for. */
  readonly domain: string;
  /** The same after CNAMEs. */
  readonly expandedDomain: string;
  /** True when MX records led to the host, and were DNSSEC-authentic. */
  readonly mx: 'authentic' | 'insecure' | 'none';
  /** Host as the MX record names it. */
  readonly host: string;
  readonly dane: DaneDecision;
  /** Name whose TLSA records were looked up (RFC 7672 §2.2.3). */
  readonly baseDomain: string;
  readonly sts: StsSituation;
  /** Failure to fetch the MTA-STS policy that is to be reported (`settleSts`). */
  readonly stsFailure: StsSettled['report'];
  readonly wish: TlsWish;
  /** The operator's own demand: `required` never sends without TLS. */
  readonly local: 'opportunistic' | 'required';
}

/** Demands on a connection before mail goes over it, from the least to the most. */
export type TlsDemand =
  /** TLS if offered; without TLS if not, or when the handshake fails. */
  | { readonly kind: 'opportunistic' }
  /** TLS with whatever certificate. */
  | { readonly kind: 'unverified' }
  /** A certificate for `name` by an authority that we trust. */
  | { readonly kind: 'pkix'; readonly name: string }
  /** A certificate that TLSA records vouch for. */
  | DaneDemand
  /** Both: the records vouch for a host that an insecure MX record named, and MTA-STS for the name. */
  | (Omit<DaneDemand, 'kind'> & { readonly kind: 'dane-and-pkix'; readonly name: string });

/** See `verifyDane`. */
export interface DaneDemand {
  readonly kind: 'dane';
  readonly records: readonly TlsaRecord[];
  readonly names: readonly string[];
}

/** A policy that a session is measured by for TLS reports (RFC 8460), whether or not it was demanded. */
export interface TlsMeasure {
  readonly policy: TlsPolicy;
  readonly check: { readonly kind: 'tls' } | { readonly kind: 'pkix' } | DaneDemand;
  /** Failures before any connection. */
  readonly known: readonly { readonly result: TlsResult; readonly reason: string }[];
}

/** Decision on one host. */
export type HostTls =
  | {
      readonly kind: 'skip';
      /** For people: completes "the host was not tried: …". */
      readonly reason: string;
      /** Enhanced status code; class 5 when trying again is no use (RFC 8689 §4.2.1). */
      readonly status: string;
      /** To be counted as one failed session each. */
      readonly measures: readonly TlsMeasure[];
    }
  | {
      readonly kind: 'connect';
      readonly demand: TlsDemand;
      /** For SNI (RFC 7672 §8.1, RFC 8461 §7.1). */
      readonly serverName: string;
      /** True when MAIL FROM says REQUIRETLS: `must` also means that a host which does not offer it is left (RFC 8689 §4.2.1). */
      readonly requireTls: 'no' | 'if-offered' | 'must';
      /** Published policies that were set aside because the sender asked so (RFC 8689 §4.2.2). */
      readonly setAside: readonly ('dane' | 'mta-sts')[];
      readonly measures: readonly TlsMeasure[];
    };

/**
 * Joins what DNS, the domain, the message and the operator say about TLS to one host.
 * DANE decides where it applies and MTA-STS is then only measured (RFC 8461 §2), unless the MX records are insecure: TLSA records of
 * a host that an attacker named must not undo an MTA-STS policy. `TLS-Required: No` sets aside what the recipient's domain published,
 * never what the operator demands (RFC 8689 §3).
 */
export function decideTls(inputs: TlsInputs): HostTls {
  const { wish, dane, mx, host } = inputs;
  const measures = measuresOf(inputs);
  const skip = (status: string, reason: string): HostTls => ({ kind: 'skip', status, reason, measures });
  const isRelaxed = wish === 'tls-required-no';
  // RFC 7672 §2.1.2
  if (dane.kind === 'failed' && !isRelaxed)
    return skip('4.4.3', `looking up the TLSA records of ${host}: ${lookupFailureText(dane.why)}`);
  const daneDecides = dane.kind === 'usable' && mx !== 'insecure';
  // An attacker who can silence DNS must not be able to switch MTA-STS off.
  if (inputs.sts.kind === 'undetermined' && !isRelaxed && !daneDecides) return skip('4.4.3', inputs.sts.reason);
  const sts = activePolicy(inputs.sts);
  const isNamedBySts = sts !== null && allowsMx(sts, host);
  const stsDemands = sts?.mode === 'enforce' && !daneDecides && !isRelaxed;
  // RFC 8461 §5: a transient error.
  if (stsDemands && !isNamedBySts)
    return skip('4.7.5', `the MTA-STS policy of ${inputs.domain} does not allow the host ${host}`);
  // RFC 8689 §4.2.1, step 2
  if (wish === 'requiretls' && mx === 'insecure' && !isNamedBySts)
    return skip('5.7.10', `REQUIRETLS: neither DNSSEC nor MTA-STS vouches for ${host} as a host of ${inputs.domain}`);
  return {
    kind: 'connect',
    demand: demandOf(inputs, stsDemands),
    serverName: dane.kind === 'usable' ? inputs.baseDomain : host,
    requireTls: wish === 'requiretls' ? 'must' : wish === 'requiretls-bounce' ? 'if-offered' : 'no',
    setAside: isRelaxed ? published(dane, sts) : [],
    measures,
  };
}

/** RFC 8461 §5: mode none is no policy. */
function activePolicy(sts: StsSituation): StsPolicy | null {
  return sts.kind === 'policy' && sts.policy.mode !== 'none' ? sts.policy : null;
}

function published(dane: DaneDecision, sts: StsPolicy | null): ('dane' | 'mta-sts')[] {
  return [...(dane.kind === 'none' ? [] : ['dane' as const]), ...(sts?.mode === 'enforce' ? ['mta-sts' as const] : [])];
}

function demandOf(inputs: TlsInputs, stsDemands: boolean): TlsDemand {
  const { dane, host: name, wish } = inputs;
  const least: TlsDemand = { kind: inputs.local === 'required' ? 'unverified' : 'opportunistic' };
  if (wish === 'tls-required-no') return least;
  if (dane.kind === 'usable') {
    const demand = daneDemand(dane.records, inputs);
    return stsDemands ? { ...demand, kind: 'dane-and-pkix', name } : demand;
  }
  // RFC 8689 §4.2.1, step 4
  if (stsDemands || wish === 'requiretls') return { kind: 'pkix', name };
  return dane.kind === 'unusable' ? { kind: 'unverified' } : least;
}

function daneDemand(records: readonly TlsaRecord[], { domain, expandedDomain, mx, baseDomain }: TlsInputs): DaneDemand {
  return {
    kind: 'dane',
    records,
    names: referenceNames({ baseDomain, nextHop: domain, expandedNextHop: expandedDomain, mx }),
  };
}

/** RFC 8460 §4: every policy that was found, and if none was, that. */
function measuresOf(inputs: TlsInputs): TlsMeasure[] {
  const found = [...daneMeasures(inputs), ...stsMeasures(inputs)];
  if (found.length > 0) return found;
  const policy: TlsPolicy = { type: 'no-policy-found', strings: [], domain: inputs.domain, mxHosts: [] };
  return [{ policy, check: { kind: 'tls' }, known: [] }];
}

function daneMeasures(inputs: TlsInputs): TlsMeasure[] {
  const { dane, baseDomain } = inputs;
  const policy = (records: readonly TlsaRecord[]): TlsPolicy => ({
    type: 'tlsa',
    strings: records.map(writeTlsa),
    domain: baseDomain,
    mxHosts: [],
  });
  switch (dane.kind) {
    case 'usable':
      return [{ policy: policy(dane.published), check: daneDemand(dane.records, inputs), known: [] }];
    case 'unusable': {
      const reason = dane.unusable[0]?.reason ?? 'no usable record';
      return [{ policy: policy(dane.published), check: { kind: 'tls' }, known: [{ result: 'tlsa-invalid', reason }] }];
    }
    case 'failed':
      // RFC 8460 §4.3.4: failures of busy networks need not be reported.
      return dane.why === 'timeout' || dane.why === 'unavailable'
        ? []
        : [{ policy: policy([]), check: { kind: 'tls' }, known: [{ result: 'dnssec-invalid', reason: dane.why }] }];
    case 'none':
      return [];
  }
}

function stsMeasures({ sts, stsFailure, domain, host }: TlsInputs): TlsMeasure[] {
  const known = stsFailure === null ? [] : [stsFailure];
  const policy = activePolicy(sts);
  if (policy === null) {
    const unseen: TlsPolicy = { type: 'sts', strings: [], domain, mxHosts: [] };
    return known.length === 0 ? [] : [{ policy: unseen, check: { kind: 'tls' }, known }];
  }
  const mismatch = { result: 'validation-failure', reason: 'mx-not-in-policy' } as const;
  return [
    {
      policy: { type: 'sts', strings: stsPolicyLines(policy), domain, mxHosts: policy.mx },
      check: { kind: 'pkix' },
      known: allowsMx(policy, host) ? known : [...known, mismatch],
    },
  ];
}
