import { parseDomain } from '#lib/domain';
import { type Parsed, parsed, refused } from '#lib/parsed';
import { defaultLimits, maxMaxAgeS, type StsLimits } from './limits.ts';

/** Policy mode: the action of a sender when a mail host does not pass (RFC 8461 §5). */
export type StsMode = 'enforce' | 'testing' | 'none';

/** A domain's policy. */
export interface StsPolicy {
  readonly mode: StsMode;
  /** Lifetime in seconds, from the fetch; 0 to 31,557,600. */
  readonly maxAgeS: number;
  /** Names of mail hosts, A-labels in lower case; `*.` at the front means one label (RFC 8461 §4.1). Empty only when the mode is none. */
  readonly mx: readonly string[];
}

/** Returns the URL at which a domain (A-labels) serves its policy (RFC 8461 §3.2). */
export function stsPolicyUrl(domain: string): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
const modes: ReadonlySet<string> = new Set<StsMode>(['enforce', 'testing', 'none']);
const isMode = (text: string): text is StsMode => modes.has(text);

/**
 * Parses a policy file (RFC 8461 §3.2). Refuses malformed and incomplete ones. Unknown keys and empty lines are ignored; of a repeated key,
 * except `mx`, the first is used. A `max_age` above the maximum is lowered to it: refusing the policy would protect no user.
 */
export function parseStsPolicy(bytes: Uint8Array, limits: StsLimits = defaultLimits): Parsed<StsPolicy> {
  if (bytes.length > limits.maxPolicyBytes) return refused(limits.maxPolicyBytes, 'policy too long');
  const text = decode(bytes);
  if (text === null) return refused(0, 'policy is not UTF-8');
  const fields = new Map<string, string>();
  const mx = new Set<string>();
  let at = 0;
  for (const line of text.split('\n')) {
    const problem = readLine(line.trimEnd(), fields, mx);
    if (problem !== null) return refused(at, problem);
    if (mx.size > limits.maxMxPatterns) return refused(at, 'too many mx fields');
    at += line.length + 1;
  }
  return fromFields(fields, mx);
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Parses a line into `fields` and `mx`. Returns the reason when it is malformed, else null. */
function readLine(line: string, fields: Map<string, string>, mx: Set<string>): string | null {
  if (line === '') return null;
  const colon = line.indexOf(':');
  const key = line.slice(0, Math.max(colon, 0));
  if (!keyPattern.test(key)) return 'key: value expected';
  const value = line.slice(colon + 1).trimStart();
  if (key === 'mx') {
    const pattern = readPattern(value);
    if (pattern === null) return 'mx is not the name of a host';
    mx.add(pattern);
  } else if (!fields.has(key)) fields.set(key, value);
  return null;
}

function readPattern(value: string): string | null {
  const prefix = value.startsWith('*.') ? '*.' : '';
  const domain = parseDomain(value.slice(prefix.length), { allowUnderscore: true, allowTrailingDot: true });
  return domain.ok ? prefix + domain.value.ascii : null;
}

function fromFields(fields: ReadonlyMap<string, string>, mx: ReadonlySet<string>): Parsed<StsPolicy> {
  if (fields.get('version') !== 'STSv1') return refused(0, 'version: STSv1 expected');
  const mode = fields.get('mode') ?? '';
  if (!isMode(mode)) return refused(0, 'mode: enforce, testing or none expected');
  const maxAge = fields.get('max_age') ?? '';
  if (!/^\d{1,10}$/.test(maxAge)) return refused(0, 'max_age: number of seconds expected');
  if (mx.size === 0 && mode !== 'none') return refused(0, 'no mx');
  return parsed({ mode, maxAgeS: Math.min(Number(maxAge), maxMaxAgeS), mx: [...mx] });
}

/** Returns the lines of a policy without line ends, as in the file and in TLS reports (RFC 8460 §4.5). */
export function stsPolicyLines({ mode, maxAgeS, mx }: StsPolicy): string[] {
  return ['version: STSv1', `mode: ${mode}`, ...mx.map((pattern) => `mx: ${pattern}`), `max_age: ${maxAgeS}`];
}

/** Writes a policy file with CRLF line ends. @throws RangeError for a policy that receivers would refuse. */
export function writeStsPolicy(policy: StsPolicy): string {
  const { mode, maxAgeS, mx } = policy;
  if (!Number.isInteger(maxAgeS) || maxAgeS < 0 || maxAgeS > maxMaxAgeS) throw new RangeError(`bad max_age ${maxAgeS}`);
  if (mx.length === 0 && mode !== 'none') throw new RangeError('an MTA-STS policy without mx');
  const bad = mx.find((pattern) => readPattern(pattern) !== pattern);
  if (bad !== undefined) throw new RangeError(`bad mx ${bad}`);
  return stsPolicyLines(policy)
    .map((line) => `${line}\r\n`)
    .join('');
}

/** Reports whether a policy allows a mail host (RFC 8461 §4.1): `*.example.com` matches `mail.example.com`, but neither `example.com` nor deeper names. */
export function allowsMx(policy: StsPolicy, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const dot = name.indexOf('.');
  const wildcard = dot > 0 ? `*${name.slice(dot)}` : null;
  return policy.mx.some((pattern) => pattern === name || pattern === wildcard);
}
