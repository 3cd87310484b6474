import type { IpAddress } from '#lib/domain';
import type { Secret } from '#lib/secret';

/** Target that the proxy connects to. */
export interface SocksTarget {
  /** A domain name (A-label) that the proxy looks up, or an address. */
  readonly host: string | IpAddress;
  readonly port: number;
}

/** Options of a SOCKS client. */
export interface SocksClientOptions {
  readonly target: SocksTarget;
  /** Offered besides "no authentication"; the proxy chooses. Sent in plaintext (RFC 1929 §3). */
  readonly credentials?: { readonly user: string; readonly password: Secret };
}

/** Next step of the caller. */
export type SocksStep =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Wait for more of the proxy's bytes. */
  | { readonly kind: 'more' }
  /** The target is connected; `rest` is its input so far. */
  | { readonly kind: 'connected'; readonly rest: Uint8Array }
  | {
      readonly kind: 'failed';
      /** `proxy`: every target will fail (refused login, not a SOCKS5 proxy); `target`: another one may work. */
      readonly blame: 'proxy' | 'target';
      /** One line for people. */
      readonly reason: string;
    };
