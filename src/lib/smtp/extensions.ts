/** Limits of one connection or transaction (RFC 9422 §4.1, §4.2, §4.3); null where the server announced none. */
export interface ServerLimits {
  readonly mailMax: number | null;
  readonly rcptMax: number | null;
  readonly rcptDomainMax: number | null;
}

/** Extensions that a server offers in its reply to EHLO (RFC 5321 §4.1.1.1). */
export interface Extensions {
  /** The name that the server gave itself. */
  readonly serverName: string;
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** SIZE (RFC 1870): null when not offered; `maxBytes` null when it gave no maximum. */
  readonly size: { readonly maxBytes: number | null } | null;
  /** RFC 3207. */
  readonly startTls: boolean;
  /** Mechanism names in upper case, in the server's order (RFC 4954 §3); null when AUTH is not offered. */
  readonly auth: readonly string[] | null;
  /** RFC 2034. */
  readonly enhancedStatusCodes: boolean;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 6531. */
  readonly smtputf8: boolean;
  /** RFC 8689. */
  readonly requireTls: boolean;
  /** BDAT (RFC 3030 §2). */
  readonly chunking: boolean;
  /** RFC 3030 §3. */
  readonly binaryMime: boolean;
  /** RFC 3461. */
  readonly dsn: boolean;
  /** RFC 4865: longest interval; null when not offered. */
  readonly futureRelease: { readonly maxIntervalS: number } | null;
  readonly limits: ServerLimits;
  /** Every keyword in upper case with the rest of its line. */
  readonly keywords: ReadonlyMap<string, string>;
}

const noLimits: ServerLimits = { mailMax: null, rcptMax: null, rcptDomainMax: null };

/**
 * Parses the lines of a 250 reply to EHLO (RFC 5321 §4.1.1.1, `ehlo-ok-rsp`). Never fails: a malformed extension counts as not offered.
 */
export function parseEhlo(lines: readonly string[]): Extensions {
  const keywords = new Map<string, string>();
  const mechanisms: string[] = [];
  let hasAuth = false;
  for (const line of lines.slice(1)) {
    // Old servers write `AUTH=LOGIN`, which is not in RFC 4954 §3 but means the same.
    const [, word = '', rest = ''] = /^\s*([A-Za-z0-9-]+)(?:[ =]\s*(.*?))?\s*$/.exec(line) ?? [];
    // RFC 5321 §4.1.1.1: keywords MUST be recognized in any case of letters.
    const keyword = word.toUpperCase();
    if (keyword === '') continue;
    if (keyword === 'AUTH') {
      hasAuth = true;
      for (const name of words(rest.toUpperCase())) if (!mechanisms.includes(name)) mechanisms.push(name);
    }
    if (!keywords.has(keyword)) keywords.set(keyword, rest);
  }
  return {
    serverName: words(lines[0] ?? '')[0] ?? '',
    pipelining: keywords.has('PIPELINING'),
    size: parseSize(keywords.get('SIZE')),
    startTls: keywords.has('STARTTLS'),
    auth: hasAuth ? mechanisms : null,
    enhancedStatusCodes: keywords.has('ENHANCEDSTATUSCODES'),
    eightBitMime: keywords.has('8BITMIME'),
    smtputf8: keywords.has('SMTPUTF8'),
    requireTls: keywords.has('REQUIRETLS'),
    chunking: keywords.has('CHUNKING'),
    binaryMime: keywords.has('BINARYMIME'),
    dsn: keywords.has('DSN'),
    futureRelease: parseFutureRelease(keywords.get('FUTURERELEASE')),
    limits: parseLimits(keywords.get('LIMITS') ?? ''),
    keywords,
  };
}

/** Extensions of a server that only knows HELO (RFC 5321 §3.2): none. */
export const noExtensions: Extensions = parseEhlo(['']);

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function parseSize(value: string | undefined): Extensions['size'] {
  if (value === undefined) return null;
  // RFC 1870 §3: 0 means no fixed maximum, and no number says nothing about it.
  const bytes = /^[0-9]{1,20}$/.test(value) ? Number(value) : 0;
  return { maxBytes: bytes === 0 ? null : bytes };
}

function parseFutureRelease(value: string | undefined): Extensions['futureRelease'] {
  // RFC 4865 §3: the first parameter is the longest interval in seconds.
  const [interval = ''] = words(value ?? '');
  return /^[1-9][0-9]{0,8}$/.test(interval) ? { maxIntervalS: Number(interval) } : null;
}

/**
 * Parses the value of LIMITS. RFC 9422 §3.7: on an error of basic syntax clients SHOULD proceed as if the extension had not been used.
 *
 * deviates: RFC 9422 §3.7 says that an error in the value of one limit MUST invalidate that limit only. A server that writes one limit
 * wrong is trusted with none, which costs at most a reply that refuses.
 */
function parseLimits(value: string): ServerLimits {
  const found = new Map<string, number | null>();
  for (const word of words(value)) {
    const [, name = '', number = ''] = /^([A-Za-z0-9_-]+)=([\x21-\x3a\x3c-\x7e]+)$/.exec(word) ?? [];
    const key = name.toUpperCase();
    const isOurs = key === 'MAILMAX' || key === 'RCPTMAX' || key === 'RCPTDOMAINMAX';
    // RFC 9422 §4: the values of the three registered limits are one to six digits, not zero.
    if (key === '' || found.has(key) || (isOurs && !/^[1-9][0-9]{0,5}$/.test(number))) return noLimits;
    found.set(key, isOurs ? Number(number) : null);
  }
  return {
    mailMax: found.get('MAILMAX') ?? null,
    rcptMax: found.get('RCPTMAX') ?? null,
    rcptDomainMax: found.get('RCPTDOMAINMAX') ?? null,
  };
}
