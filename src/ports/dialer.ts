import type { Channel, ClientTls } from './channel.ts';

/** Opens outgoing TCP connections. Names were resolved before: it takes addresses only, unless it goes through a proxy that resolves. */
export interface Dialer {
  /** @throws DialFailed with a reason for people when the connection (or immediate TLS) was not made in time. */
  dial(to: {
    readonly address: string;
    readonly port: number;
    readonly localAddress?: string;
    readonly timeoutMs: number;
    /** TLS from the first byte (RFC 8314 §3.3). */
    readonly tls?: ClientTls;
    readonly signal?: AbortSignal;
  }): Promise<Channel>;
}

/** No connection; `message` says why (refused, unreachable, timed out, TLS alert). */
export class DialFailed extends Error {
  override readonly name = 'DialFailed';
  /** It is about the way, not about the target: no other target can be reached now either. */
  readonly isEverywhere: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isEverywhere?: boolean } = {}) {
    super(message, options);
    this.isEverywhere = options.isEverywhere === true;
  }
}
