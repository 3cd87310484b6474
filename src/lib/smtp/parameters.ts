/** Parameters of MAIL FROM after the path. */
export interface MailParameters {
  /** SIZE (RFC 1870 §5): the client's estimate of the message size in bytes; null when not given. */
  readonly sizeBytes: number | null;
  /** BODY (RFC 6152 §2, RFC 3030 §3); null when not given, which means 7BIT. */
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME' | null;
  /** SMTPUTF8 (RFC 6531 §3.4). */
  readonly smtputf8: boolean;
  /** REQUIRETLS (RFC 8689 §2). */
  readonly requireTls: boolean;
  /** AUTH (RFC 4954 §5), xtext decoded: the original submitter, `<>` when unknown; null when not given. */
  readonly auth: string | null;
  /** HOLDFOR (RFC 4865 §4): release this many seconds from now. */
  readonly holdForS: number | null;
  /** HOLDUNTIL (RFC 4865 §4): release at this time, milliseconds since 1970. */
  readonly holdUntilMs: number | null;
  /** RET (RFC 3461 §4.3). */
  readonly ret: 'FULL' | 'HDRS' | null;
  /** ENVID (RFC 3461 §4.4), xtext decoded. */
  readonly envid: string | null;
  /** Parameters we do not know, or whose value we do not know, as sent. */
  readonly unknown: readonly string[];
}

/** Outcomes for which a DSN about a recipient is sent (RFC 3461 §4.1). */
export interface Notify {
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
}

/** Parameters of RCPT TO after the path. */
export interface RcptParameters {
  /** NOTIFY (RFC 3461 §4.1); NEVER is all three false; null when not given. */
  readonly notify: Notify | null;
  /** ORCPT (RFC 3461 §4.2), xtext decoded; null when not given. */
  readonly orcpt: { readonly type: string; readonly address: string } | null;
  /** Parameters we do not know, as sent. */
  readonly unknown: readonly string[];
}

/** MAIL without parameters. */
export const noMailParameters: MailParameters = {
  sizeBytes: null,
  body: null,
  smtputf8: false,
  requireTls: false,
  auth: null,
  holdForS: null,
  holdUntilMs: null,
  ret: null,
  envid: null,
  unknown: [],
};

/** RCPT without parameters. */
export const noRcptParameters: RcptParameters = { notify: null, orcpt: null, unknown: [] };
