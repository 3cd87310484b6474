/** One end of a TCP connection. */
export interface Endpoint {
  /** IPv4 dotted or IPv6 without brackets and without zone; IPv4-mapped addresses are given as IPv4. */
  readonly address: string;
  readonly port: number;
}

/** Result of a finished TLS handshake. */
export interface TlsSession {
  /** As OpenSSL names it: `TLSv1.3`, `TLSv1.2`. */
  readonly protocol: string;
  /** IANA name of the cipher suite. */
  readonly cipher: string;
  /** Server name asked for by the client (SNI), null when none. */
  readonly serverName: string | null;
  /** DER of the peer's certificate, null when it sent none. */
  readonly peerCertificate: Uint8Array | null;
  /** DER of the certificates in the order in which a server sent them, its own first; of a client its own alone. */
  readonly peerChain: readonly Uint8Array[];
  /** True when the peer's certificate was verified against our trust anchors and, on a client, its name. */
  readonly peerVerified: boolean;
  /** Reason why it was not verified, null when it was or there was none. */
  readonly peerProblem: string | null;
  /** `tls-exporter` channel binding data (RFC 9266), null before TLS 1.3. */
  readonly exporter: Uint8Array | null;
  /** `tls-server-end-point` channel binding data: hash of the server's certificate (RFC 5929 §4.1); null when unavailable. */
  readonly serverEndPoint: Uint8Array | null;
}

/** TLS options of a client. */
export interface ClientTls {
  /** Name for SNI, and for verification unless `verifyName` says otherwise. */
  readonly serverName: string;
  /** Name that the certificate is to be for. */
  readonly verifyName?: string;
  /** `require`: an unverified certificate fails the handshake; `report`: `peerProblem` describes it. */
  readonly verify: 'require' | 'report';
}

/**
 * A byte stream to a peer with time limits and back-pressure.
 * Every method rejects with ChannelTimeout, or ChannelClosed when the connection is gone.
 */
export interface Channel {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsSession | null;
  /** The next bytes, at least one; null when the peer ended its side. */
  read(timeoutMs: number): Promise<Uint8Array | null>;
  /**
   * Null when the bytes are on their way and the peer keeps up, else resolves once it does. `bytes` must not change before `onSent`,
   * which is called later, and never when the connection fails first.
   */
  write(bytes: Uint8Array, timeoutMs?: number, onSent?: () => void): Promise<void> | null;
  /**
   * Secures the connection: as a server with the listener's certificates, as a client as `client` says.
   * Bytes that arrived in plaintext before the handshake are never given to `read` afterwards (RFC 3207 §5).
   */
  startTls(client?: ClientTls): Promise<TlsSession>;
  /** Sends what is buffered, then ends the connection. Never rejects. */
  close(): Promise<void>;
  /** Ends the connection at once, dropping what is buffered. */
  destroy(): void;
}

/** The peer was silent, or did not take our bytes, for too long. */
export class ChannelTimeout extends Error {
  override readonly name = 'ChannelTimeout';
}

/** The connection ended, was reset, or its TLS failed. */
export class ChannelClosed extends Error {
  override readonly name = 'ChannelClosed';
}
