import {
  type Channel,
  ChannelClosed,
  ChannelTimeout,
  type ClientTls,
  type Endpoint,
  type TlsSession,
} from '#ports/channel';

/** Options of the two ends of a pair. */
export interface ChannelPairOptions {
  /** Each read gives one byte, however much was written. */
  readonly byteAtATime?: boolean;
  readonly clientAddress?: string;
  readonly serverAddress?: string;
  readonly serverPort?: number;
  /** TLS from the first byte. */
  readonly tls?: boolean;
  /** Differences of what `startTls` establishes on either side from a plain TLS 1.3 session. */
  readonly tlsSession?: Partial<TlsSession>;
  /** Makes `startTls` fail on either side with ChannelClosed. */
  readonly tlsFails?: boolean;
}

/** A TLS 1.3 session as the fakes establish it, with channel bindings that both ends agree on. */
export const fakeTls: TlsSession = {
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  serverName: null,
  peerCertificate: null,
  peerChain: [],
  peerVerified: false,
  peerProblem: null,
  exporter: new Uint8Array(32).fill(7),
  serverEndPoint: new Uint8Array(32).fill(9),
};

/** Two ends of a connection in memory. What one writes the other reads; no socket, no timer. */
export function channelPair(options: ChannelPairOptions = {}): {
  readonly client: FakeChannel;
  readonly server: FakeChannel;
} {
  const clientEnd: Endpoint = { address: options.clientAddress ?? '192.0.2.1', port: 40_000 };
  const serverEnd: Endpoint = { address: options.serverAddress ?? '198.51.100.1', port: options.serverPort ?? 25 };
  const client = new FakeChannel(clientEnd, serverEnd, options);
  const server = new FakeChannel(serverEnd, clientEnd, options);
  client.connect(server);
  server.connect(client);
  return { client, server };
}

interface Waiting {
  resolve(chunk: Uint8Array | null): void;
  reject(error: Error): void;
  readonly timeoutMs: number;
}

/** One end of a pair. Never times out by itself: `timeout()` makes a pending read do so. */
export class FakeChannel implements Channel {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  tls: TlsSession | null;
  readonly #options: ChannelPairOptions;
  #peer: FakeChannel | null = null;
  #inbox: Uint8Array[] = [];
  #hasEnded = false;
  #isDestroyed = false;
  #waiting: Waiting | null = null;
  /** `startTls` was called here and waits for the other end. */
  #handshake: {
    resolve(serverName: string | null): void;
    reject(error: Error): void;
    serverName: string | null;
  } | null = null;

  constructor(local: Endpoint, remote: Endpoint, options: ChannelPairOptions) {
    this.local = local;
    this.remote = remote;
    this.#options = options;
    this.tls = options.tls === true ? { ...fakeTls, ...options.tlsSession } : null;
  }

  /** Joins this end to the other; `channelPair` does it. */
  connect(peer: FakeChannel): void {
    this.#peer = peer;
  }

  /** True when a `read` is pending, and with which time limit. */
  get pendingReadMs(): number | null {
    return this.#waiting?.timeoutMs ?? null;
  }

  /** True when this end was closed or destroyed. */
  get isClosed(): boolean {
    return this.#isDestroyed;
  }

  /** Lets the pending read run into its time limit. */
  timeout(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(new ChannelTimeout('read timed out'));
  }

  read(timeoutMs: number): Promise<Uint8Array | null> {
    if (this.#isDestroyed) return Promise.reject(new ChannelClosed('channel is closed'));
    const chunk = this.#take();
    if (chunk !== null) return Promise.resolve(chunk);
    if (this.#hasEnded) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, timeoutMs };
    });
  }

  write(bytes: Uint8Array, _timeoutMs?: number, onSent?: () => void): Promise<void> {
    const peer = this.#peer;
    if (this.#isDestroyed || peer === null || peer.isClosed)
      return Promise.reject(new ChannelClosed('channel is closed'));
    // A writer that learns when the bytes are gone may change them then.
    if (bytes.length > 0) peer.#receive(onSent === undefined ? bytes : bytes.slice());
    if (onSent !== undefined) queueMicrotask(onSent);
    return Promise.resolve();
  }

  startTls(client?: ClientTls): Promise<TlsSession> {
    const peer = this.#peer;
    if (this.#isDestroyed || peer === null || peer.isClosed)
      return Promise.reject(new ChannelClosed('channel is closed'));
    if (this.#options.tlsFails === true) {
      this.destroy();
      return Promise.reject(new ChannelClosed('TLS handshake failed'));
    }
    this.#inbox = [];
    const serverName = client?.serverName ?? null;
    return new Promise((resolve, reject) => {
      const done = (asked: string | null): void => {
        this.tls = { ...fakeTls, serverName: asked, ...this.#options.tlsSession };
        resolve(this.tls);
      };
      const other = peer.#handshake;
      if (other === null) {
        this.#handshake = { resolve: done, reject, serverName };
        return;
      }
      peer.#handshake = null;
      // One of the two ends is the client, which says for what name it came.
      const asked = serverName ?? other.serverName;
      other.resolve(asked);
      done(asked);
    });
  }

  close(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#hasEnded = true;
    const gone = new ChannelClosed('channel is closed');
    this.#waiting?.reject(gone);
    this.#waiting = null;
    this.#handshake?.reject(gone);
    this.#handshake = null;
    this.#endPeer();
  }

  /** Ends our side only: the peer reads null after what was sent. */
  endWriting(): void {
    this.#endPeer();
  }

  #endPeer(): void {
    const peer = this.#peer;
    if (peer !== null) peer.#end();
  }

  #receive(bytes: Uint8Array): void {
    this.#inbox.push(bytes);
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    waiting.resolve(this.#take());
  }

  #end(): void {
    this.#hasEnded = true;
    this.#handshake?.reject(new ChannelClosed('peer closed the connection'));
    this.#handshake = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(null);
  }

  #take(): Uint8Array | null {
    const [first] = this.#inbox;
    if (first === undefined) return null;
    if (this.#options.byteAtATime !== true || first.length === 1) {
      this.#inbox.shift();
      return first;
    }
    this.#inbox[0] = first.subarray(1);
    return first.subarray(0, 1);
  }
}
