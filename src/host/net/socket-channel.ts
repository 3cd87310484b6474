import type { Socket } from 'node:net';
import {
  ChannelClosed,
  ChannelTimeout,
  type Channel,
  type ClientTls,
  type Endpoint,
  type TlsSession,
} from '#ports/channel';
import { endpoint } from './endpoint.ts';
import { secureAsClient, secureAsServer, type ClientTrust, type Secured } from './handshake.ts';
import type { HandshakeGate } from './handshake-gate.ts';
import type { NetLimits } from './limits.ts';
import { ReadAlarm } from './read-alarm.ts';
import type { ServerTls } from './tls-context.ts';

/** Dependencies of a channel beside its socket. */
interface SocketChannelDeps {
  readonly limits: NetLimits;
  /** TLS settings for `startTls()` as a server; null when we have no certificate. */
  readonly serverTls: ServerTls | null;
  /** Gate at which handshakes as a server wait for a permit; null on a client. */
  readonly handshakes: HandshakeGate | null;
  readonly clientTrust: ClientTrust;
}

const settled: Promise<void> = Promise.resolve();
const ended: Promise<null> = Promise.resolve(null);

/** A `Channel` over a socket of Node, in plaintext or secured. */
export class SocketChannel implements Channel {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #deps: SocketChannelDeps;
  #socket: Socket;
  #tls: TlsSession | null = null;
  /** Bytes that arrived and were not read; `#next` is the first of them. */
  #arrived: Uint8Array[] = [];
  #next = 0;
  #arrivedBytes = 0;
  #isPaused = false;
  #isGathering = false;
  #isKeptAlive = false;
  #hasEnded = false;
  #closing: Promise<void> | null = null;
  /** Set while `close` waits for the peer to end its side. */
  #closed: PromiseWithResolvers<void> | null = null;
  #lingering: NodeJS.Timeout | undefined = undefined;
  #droppedBytes = 0;
  #failure: Error | null = null;
  #reader: PromiseWithResolvers<Uint8Array | null> | null = null;
  #drain: PromiseWithResolvers<void> | null = null;
  readonly #alarm: ReadAlarm;

  /** Takes over a connected socket. @param remote  The peer, if it is known already. @param local  Our end, if another than the socket's. */
  constructor(
    socket: Socket,
    deps: SocketChannelDeps,
    remote: Endpoint = endpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    local: Endpoint = endpoint(socket.localAddress ?? '', socket.localPort ?? 0),
  ) {
    this.#socket = socket;
    this.#deps = deps;
    this.remote = remote;
    this.local = local;
    this.#alarm = new ReadAlarm(() => this.#onSilence());
    // Replies are small and awaited: Nagle's algorithm would delay each until the peer's delayed acknowledgement.
    socket.setNoDelay(true);
    this.#attach(socket);
  }

  get tls(): TlsSession | null {
    return this.#tls;
  }

  /** True when the connection is gone. */
  get isClosed(): boolean {
    return this.#failure !== null;
  }

  read(timeoutMs: number): Promise<Uint8Array | null> {
    const bytes = this.#arrived[this.#next];
    if (bytes !== undefined) {
      this.#take(bytes);
      return Promise.resolve(bytes);
    }
    if (this.#hasEnded) return ended;
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#reader !== null) return Promise.reject(new Error('two reads at once'));
    this.#reader = Promise.withResolvers<Uint8Array | null>();
    this.#alarm.set(timeoutMs);
    if (timeoutMs > this.#deps.limits.keepAliveAfterMs && !this.#isKeptAlive) this.#keepAlive();
    return this.#reader.promise;
  }

  write(bytes: Uint8Array, timeoutMs?: number, onSent?: () => void): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (bytes.length === 0) return null;
    if (!this.#isGathering) {
      // Replies to pipelined commands leave together: one system call and, with TLS, one record.
      this.#isGathering = true;
      this.#socket.cork();
      process.nextTick(send, this);
    }
    const isTaken =
      onSent === undefined
        ? this.#socket.write(bytes)
        : this.#socket.write(bytes, (error) => (error == null ? onSent() : undefined));
    if (isTaken) return null;
    // A failure within the call is reported by an event, which comes later, when a caller waits for it.
    return this.#drained(timeoutMs ?? this.#deps.limits.writeTimeoutMs);
  }

  /** Sends what was written in this turn of the event loop; scheduled by `write`. */
  send(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    this.#socket.uncork();
  }

  async startTls(client?: ClientTls): Promise<TlsSession> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#tls !== null) throw new ChannelClosed('the connection is secured already');
    const { serverTls, clientTrust, limits, handshakes } = this.#deps;
    if (client === undefined && serverTls === null) throw new ChannelClosed('no certificate for TLS');
    const raw = this.#socket;
    this.send();
    let secured: Secured;
    try {
      if (client === undefined && serverTls !== null) {
        using permit = (await handshakes?.enter(this.remote.address)) ?? null;
        // The connection ended while this waited.
        if (this.#failure !== null) throw this.#failure;
        this.#detach(raw);
        const leftMs = (tookMs: number): number => permit?.leftMs(tookMs) ?? limits.handshakeTimeoutMs - tookMs;
        secured = await secureAsServer(raw, serverTls, leftMs);
      } else {
        this.#detach(raw);
        const wanted = client ?? { serverName: '', verify: 'require' };
        secured = await secureAsClient(raw, wanted, clientTrust, limits.handshakeTimeoutMs);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new ChannelClosed(String(error)));
      raw.destroy();
      throw error;
    }
    if (this.#failure !== null) {
      secured.socket.destroy();
      throw this.#failure;
    }
    this.#socket = secured.socket;
    this.#tls = secured.session;
    this.#attach(secured.socket);
    return secured.session;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || this.#failure !== null) {
      socket.destroy();
      return settled;
    }
    this.#fail(closedByUs);
    const closed = Promise.withResolvers<void>();
    this.#closed = closed;
    // Read and drop what the peer still sends: closing with unread bytes resets the connection and may destroy our last reply.
    // During a handshake there is no listener.
    if (socket.listenerCount('data') === 0) socket.on('data', this.#onData);
    socket.resume();
    socket.end();
    this.#giveUpLater(socket.writableLength === 0);
    return closed.promise;
  }

  /**
   * Ends the connection when the peer has not ended its side in time. One timer serves both this and sending the rest: nearly always
   * nothing is left to send, and the peer is faster.
   * @param wasSent  True if nothing was left to send when the wait began.
   */
  #giveUpLater(wasSent: boolean, waitedMs = 0): void {
    const { writeTimeoutMs, lingerMs } = this.#deps.limits;
    this.#lingering = setTimeout(() => {
      const isSent = this.#socket.writableLength === 0;
      const nowMs = waitedMs + lingerMs;
      if (isSent ? wasSent : nowMs >= writeTimeoutMs) this.#socket.destroy();
      else this.#giveUpLater(isSent, nowMs);
    }, lingerMs);
  }

  /** Drops bytes that arrive after `close`, and ends the connection of a peer that keeps sending: it does not listen. */
  #drop(bytes: Uint8Array): void {
    this.#droppedBytes += bytes.length;
    if (this.#droppedBytes > this.#deps.limits.maxDroppedBytes) this.#socket.destroy();
  }

  /**
   * Hands the socket over to a protocol of Node, such as HTTP, with the bytes that arrived meanwhile. It is paused. Afterwards only `close` and
   * `destroy` of the channel may be called.
   */
  release(): Socket {
    const socket = this.#socket;
    this.send();
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    const arrived = this.#arrived.slice(this.#next);
    this.#arrived = [];
    if (arrived.length > 0) socket.unshift(Buffer.concat(arrived));
    return socket;
  }

  destroy(): void {
    this.#fail(destroyedByUs);
    this.#socket.destroy();
  }

  readonly #onData = (bytes: Uint8Array): void => {
    const reader = this.#reader;
    if (reader !== null) {
      this.#reader = null;
      this.#alarm.stop();
      reader.resolve(bytes);
      return;
    }
    if (this.#failure !== null) return this.#drop(bytes);
    this.#arrived.push(bytes);
    this.#arrivedBytes += bytes.length;
    if (this.#arrivedBytes < this.#deps.limits.maxBufferedBytes || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#settleReader()?.resolve(null);
  };

  readonly #onDrain = (): void => {
    const drain = this.#drain;
    this.#drain = null;
    drain?.resolve();
  };

  readonly #onError = (error: Error): void => {
    this.#fail(new ChannelClosed(error.message, { cause: error }));
  };

  readonly #onClose = (): void => {
    this.#fail(closedByPeer);
    clearTimeout(this.#lingering);
    this.#closed?.resolve();
  };

  #attach(socket: Socket): void {
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Prepares the socket for TLS on top of it; its error listener stays. */
  #detach(socket: Socket): void {
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.pause();
    const arrived = this.#arrived.slice(this.#next);
    for (let rest: unknown = socket.read(); rest instanceof Uint8Array; rest = socket.read()) arrived.push(rest);
    this.#arrived = [];
    this.#next = 0;
    this.#arrivedBytes = 0;
    this.#isPaused = false;
    // RFC 3207 §6: knowledge obtained before the handshake MUST be discarded, so plaintext that has arrived is dropped. Only a handshake that
    // the peer began early stays; it starts with a TLS record of type 22, and TLS itself refuses anything else that pretends to be one.
    const first = arrived[0];
    if (first !== undefined && first[0] === handshakeRecord) socket.unshift(Buffer.concat(arrived));
  }

  #take(bytes: Uint8Array): void {
    this.#next += 1;
    this.#arrivedBytes -= bytes.length;
    if (this.#next < this.#arrived.length) return;
    this.#arrived = [];
    this.#next = 0;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Enables TCP keep-alive, which detects a vanished peer. Shorter waits time out anyway and save the system calls. */
  #keepAlive(): void {
    this.#isKeptAlive = true;
    this.#socket.setKeepAlive(true, this.#deps.limits.keepAliveMs);
  }

  /** Waits until the peer has taken enough; all writers wait for the same event. */
  async #drained(timeoutMs: number): Promise<void> {
    this.#drain ??= Promise.withResolvers<void>();
    const drain = this.#drain;
    const timer = setTimeout(() => {
      this.#fail(new ChannelTimeout(`the peer did not take our bytes within ${timeoutMs} ms`));
      this.#socket.destroy();
    }, timeoutMs);
    try {
      await drain.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #onSilence(): void {
    this.#settleReader()?.reject(new ChannelTimeout('the peer was silent for too long'));
  }

  #settleReader(): PromiseWithResolvers<Uint8Array | null> | null {
    const reader = this.#reader;
    this.#reader = null;
    this.#alarm.stop();
    return reader;
  }

  /** Keeps the first failure, which rejects waiting calls and later ones. */
  #fail(failure: Error): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    this.#alarm.end();
    this.#settleReader()?.reject(failure);
    this.#drain?.reject(failure);
    this.#drain = null;
  }
}

function send(channel: SocketChannel): void {
  channel.send();
}

// Every connection ends with one of these errors. Making a stack trace for each would cost as much as two commands and tell nothing.
const closedByUs = new ChannelClosed('the channel was closed');
const destroyedByUs = new ChannelClosed('the channel was destroyed');
const closedByPeer = new ChannelClosed('the connection is closed');

/** ContentType handshake (RFC 8446 §5.1). */
const handshakeRecord = 22;
