/**
 * Examples of the RFCs for tests of DKIM: RFC 6376 Appendix A and Appendix C, RFC 8463 Appendix A.
 */
import {
  MessageSigner,
  MessageVerifier,
  parsePrivateKey,
  signWith,
  type LookupKey,
  type PrivateKey,
  type SigningKey,
  type Verification,
} from '#lib/dkim';
import { parseDomain, type Domain } from '#lib/domain';
import { Secret } from '#lib/secret';

type KeyAnswer = Awaited<ReturnType<LookupKey>>;
type SignerOptions = ConstructorParameters<typeof MessageSigner>[0];
type VerifierOptions = ConstructorParameters<typeof MessageVerifier>[0];

/** The message of RFC 6376 §A.1. In print it has two spaces before `Are`, which the body hash contradicts. */
export const dinner = [
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
  '',
  'Hi.',
  '',
  'We lost the game. Are you hungry yet?',
  '',
  'Joe.',
  '',
].join('\r\n');

/** RFC 6376 §A.2: simple canonicalization, so that every space counts. */
export const signedDinner = `${[
  'DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;',
  '      c=simple/simple; q=dns/txt; i=joe@football.example.com;',
  '      h=Received : From : To : Subject : Date : Message-ID;',
  '      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  '      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB',
  '      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut',
  '      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV',
  '      4bmp/YzhwvcubU4=;',
  'Received: from client1.football.example.com  [192.0.2.1]',
  '      by submitserver.example.com with SUBMISSION;',
  '      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)',
].join('\r\n')}\r\n${dinner}`;

/** RFC 8463 §A.3. */
export const twiceSignedDinner = `${[
  'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
  ' subject : date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
  ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
  'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=test; t=1528637909; h=from : to : subject :',
  ' date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3',
  ' DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz',
  ' dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
].join('\r\n')}\r\n${dinner}`;

/** Key records by name: RFC 6376 Appendix C, RFC 8463 §A.2. */
export const keyRecords: Readonly<Record<string, string>> = {
  'brisbane._domainkey.example.com':
    'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB',
  'brisbane._domainkey.football.example.com': 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  'test._domainkey.football.example.com':
    'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
};

/** RFC 8463 §A.1: the private half of `test._domainkey.football.example.com`. */
export const rsaPem = `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
`;

/** RFC 8463 §A.1: the private half of `brisbane._domainkey.football.example.com`, as PKCS #8. */
export const ed25519Pem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`;

const encoder = new TextEncoder();

/** Returns a lookup in `keyRecords` with some of them replaced; a name without record does not exist. */
export function lookupIn(records: Readonly<Record<string, string | KeyAnswer>> = {}): LookupKey {
  const all: Readonly<Record<string, string | KeyAnswer>> = { ...keyRecords, ...records };
  return async (selector, domain) => {
    const found = all[`${selector}._domainkey.${domain}`];
    if (found === undefined) return { kind: 'absent' };
    return typeof found === 'string' ? { kind: 'found', records: [found], isAuthentic: false } : found;
  };
}

/** Pushes `message` in pieces that end at `cuts`, each wiped afterwards, because the receiver must not keep them. */
export function pushInPieces(
  to: { push(chunk: Uint8Array): void },
  message: string | Uint8Array,
  cuts: readonly number[],
): void {
  const bytes = typeof message === 'string' ? encoder.encode(message) : message;
  let start = 0;
  for (const end of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    if (end < start || end > bytes.length) continue;
    const piece = bytes.slice(start, end);
    to.push(piece);
    piece.fill(0);
    start = end;
  }
}

/** Verifies a message at the beginning of 2018, by default with the keys of the RFCs. */
export async function verifyMessage(
  message: string | Uint8Array,
  options: Partial<VerifierOptions> = {},
  cuts: readonly number[] = [],
): Promise<Verification> {
  const verifier = new MessageVerifier({ lookupKey: lookupIn(), nowMs: Date.UTC(2018, 0, 1), ...options });
  pushInPieces(verifier, message, cuts);
  return await verifier.finish();
}

/** Formats results as `status problem`, in order. */
export function show({ results }: Verification): string[] {
  return results.map((result) => (result.status === 'pass' ? 'pass' : `${result.status} ${result.problem}`));
}

/** Returns a domain from valid text. */
export function domainOf(name: string): Domain {
  const domain = parseDomain(name, { allowUnderscore: true });
  if (!domain.ok) throw new Error(domain.reason);
  return domain.value;
}

function privateKeyOf(pem: string): PrivateKey {
  const key = parsePrivateKey(new Secret(pem), 1024);
  if (!key.ok) throw new Error(key.reason);
  return key.value;
}

const sign = signWith(
  new Map([
    ['rsa', privateKeyOf(rsaPem)],
    ['ed25519', privateKeyOf(ed25519Pem)],
  ]),
);

/** RFC 8463 §A.1: a key to sign with whose record `keyRecords` has. */
export const rsaKey: SigningKey = {
  keyId: 'rsa',
  algorithm: 'rsa-sha256',
  domain: domainOf('football.example.com'),
  selector: domainOf('test'),
};

/** Likewise. */
export const ed25519Key: SigningKey = {
  keyId: 'ed25519',
  algorithm: 'ed25519-sha256',
  domain: domainOf('football.example.com'),
  selector: domainOf('brisbane'),
};

/** Signs a message at the beginning of 2018. @returns the fields. @throws Error when it cannot be signed. */
export async function signMessage(
  message: string | Uint8Array,
  keys: readonly SigningKey[],
  options: Partial<SignerOptions> = {},
  cuts: readonly number[] = [],
): Promise<string> {
  const signer = new MessageSigner({ keys, sign, nowMs: Date.UTC(2018, 0, 1), ...options });
  pushInPieces(signer, message, cuts);
  const result = await signer.finish();
  if (result.kind !== 'signed') throw new Error(result.reason);
  return result.fields;
}
