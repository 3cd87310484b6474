import type { IpAddress } from '#lib/domain';
import type { Secret } from '#lib/secret';

/** Target to which the proxy shall connect. */
export interface SocksTarget {
  /** A domain name (A-label) that the proxy looks up, or an address. */
  readonly host: string | IpAddress;
  readonly port: number;
}

/** Options of a SOCKS client. */
export interface SocksClientOptions {
  readonly target: SocksTarget;
  /** Offered beside "no authentication"; the proxy chooses. Sent in plaintext (RFC 1929 §3). */
  readonly credentials?: { readonly user: string; readonly password: Secret };
}

/** Next step of the caller. */
export type SocksStep =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Wait for more of the proxy's bytes. */
  | { readonly kind: 'more' }
  /** The target is on the line; `rest` is what it said already. */
  | { readonly kind: 'connected'; readonly rest: Uint8Array }
  | {
      readonly kind: 'failed';
      /** `proxy`: every target will fail alike (refused login, no SOCKS5 there); `target`: another one may work. */
      readonly blame: 'proxy' | 'target';
      /** One line for people. */
      readonly reason: string;
    };
