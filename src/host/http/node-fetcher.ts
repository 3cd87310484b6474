import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { cipherSuites } from '#host/net';
import { isPublic, parseIp } from '#lib/domain';
import { lookupFailureText } from '#lib/dns';
import type { Fetched, Fetcher, FetchFailure, FetchRequest } from '#ports/fetcher';
import type { Answer, Resolver } from '#ports/resolver';

/** Dependencies of fetching. */
export interface NodeFetcherDeps {
  readonly resolver: Resolver;
  /** PEM certificates trusted in place of those that Node ships. */
  readonly trustedPem?: readonly string[];
  /** Reports which addresses are public, for tests on loopback. */
  readonly isPublic?: (address: string) => boolean;
}

type Failed = Extract<Fetched, { kind: 'failed' }>;

const failed = (why: FetchFailure, reason: string): Failed => ({ kind: 'failed', why, reason });

/** Fetches with the machine's own network. */
export function nodeFetcher(deps: NodeFetcherDeps): Fetcher {
  return { fetch: (wanted) => fetchWithin(wanted, deps) };
}

async function fetchWithin(wanted: FetchRequest, deps: NodeFetcherDeps): Promise<Fetched> {
  const { timeoutMs, signal } = wanted;
  signal?.throwIfAborted();
  const url = URL.parse(wanted.url);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    return failed('protocol', 'not an https URL');
  const time = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? time : AbortSignal.any([time, signal]);
  try {
    const isAllowed = wanted.onlyPublic === true ? (deps.isPublic ?? isPublicAddress) : () => true;
    const addresses = await findAddresses(url.hostname, deps.resolver, either, isAllowed);
    if (!Array.isArray(addresses)) return addresses;
    return await new Exchange(url, addresses, wanted.post ?? null, deps.trustedPem, either).run(wanted.maxBytes);
  } catch (error) {
    signal?.throwIfAborted();
    if (time.aborted) return failed('timeout', `no complete answer within ${Math.round(timeoutMs / 1000)} s`);
    throw error;
  }
}

/** Addresses beyond this are not tried. */
const maxAddresses = 8;

/** The addresses are those that are connected to: the name is not looked up again. */
async function findAddresses(
  name: string,
  resolver: Resolver,
  signal: AbortSignal,
  isAllowed: (address: string) => boolean,
): Promise<string[] | Failed> {
  // Node connects to an address in a URL without a lookup.
  const literal = name.replace(/^\[(.*)\]$/, '$1');
  if (parseIp(literal).ok) return isAllowed(literal) ? [literal] : failed('name', `${literal} is no public address`);
  const answers: Answer<string>[] = await Promise.all([
    resolver.query(name, 'AAAA', signal),
    resolver.query(name, 'A', signal),
  ]);
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  const allowed = addresses.filter(isAllowed);
  if (allowed.length > 0) return allowed.slice(0, maxAddresses);
  if (addresses.length > 0) return failed('name', `${name} has no public address`);
  const failure = answers.find(({ kind }) => kind === 'failed');
  return failed(
    'name',
    failure?.kind === 'failed'
      ? `looking up ${name} failed: ${lookupFailureText(failure.why)}`
      : `${name} has no address`,
  );
}

function isPublicAddress(address: string): boolean {
  const ip = parseIp(address);
  return ip.ok && isPublic(ip.value);
}

/** One request over a connection of its own. */
class Exchange {
  readonly #request: ClientRequest;
  readonly #signal: AbortSignal;
  readonly #body: Uint8Array | null;
  readonly #response = Promise.withResolvers<IncomingMessage>();
  #socket: TLSSocket | null = null;

  constructor(
    url: URL,
    addresses: readonly string[],
    post: FetchRequest['post'] | null,
    trustedPem: readonly string[] | undefined,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.#body = post?.body ?? null;
    this.#request = request(url, {
      agent: false,
      signal,
      lookup: lookupIn(addresses),
      method: post === null || post === undefined ? 'GET' : 'POST',
      headers: post?.headers ?? { accept: 'text/plain' },
      maxHeaderSize: 16_384,
      minVersion: 'TLSv1.2',
      ciphers: cipherSuites,
      rejectUnauthorized: true,
      ...(trustedPem === undefined ? {} : { ca: [...trustedPem] }),
    });
    this.#request.once('socket', (socket) => {
      if (socket instanceof TLSSocket) this.#socket = socket;
    });
    // Not `once`: errors may follow each other, and none may end the process.
    this.#request.on('error', this.#response.reject);
    this.#request.once('response', this.#response.resolve);
    // An upgrade that was not requested ends without an error.
    this.#request.once('close', () => this.#response.reject(new Error('the connection ended without an answer')));
  }

  /** Sends it and reads the answer. @throws what the signal makes Node throw */
  async run(maxBytes: number): Promise<Fetched> {
    try {
      this.#request.end(this.#body ?? undefined);
      const response = await this.#response.promise;
      const contentType = response.headers['content-type'] ?? null;
      const retryAfter = response.headers['retry-after'];
      const head = { kind: 'response', status: response.statusCode ?? 0, contentType } as const;
      return { ...head, ...(retryAfter !== undefined && { retryAfter }), body: await read(response, maxBytes) };
    } catch (error) {
      this.#signal.throwIfAborted();
      return this.#failure(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#request.destroy();
    }
  }

  #failure(error: Error): Failed {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    // An `AggregateError` of several addresses has no message.
    const reason = error.message === '' ? code : error.message;
    // Node types it as an Error, and it is null until a certificate was refused.
    const refusal: unknown = this.#socket?.authorizationError;
    if (refusal !== null && refusal !== undefined) return failed('certificate', reason);
    if (code.startsWith('HPE_')) return failed('protocol', reason);
    return failed(/SSL|TLS|^EPROTO$/.test(code) ? 'tls' : 'connect', reason);
  }
}

function lookupIn(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (name, options, done) => {
    const [first] = all;
    if (options.all === true) done(null, all);
    else if (first === undefined) done(new Error(`${name} has no address`), '');
    else done(null, first.address, first.family);
  };
}

/** Leaving the loop early ends the connection. */
async function read(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    chunks.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
    if (size >= maxBytes) break;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
