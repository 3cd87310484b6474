/** A receiver, its action on a message that violates a rule, and the source. */
export interface Judgement {
  readonly receiver: string;
  readonly does: 'refuses' | 'alters';
  /** Address of its documentation, or of its source where that is the documentation. */
  readonly source: string;
}

/** A defect of messages, and the receivers that act on it. */
export interface ReceiverRule {
  /** Section that forbids it; null where only receivers do. */
  readonly rfc: string | null;
  /** At least one. */
  readonly judgements: readonly Judgement[];
}

const gmailFormat = refuses('Gmail', 'https://support.google.com/mail/?p=RfcMessageNonCompliant');
const gmailReplies = refuses('Gmail', 'https://support.google.com/a/answer/3726730');
const haraka = refuses('Haraka', 'https://github.com/haraka/haraka-plugin-headers');
/** As Debian configures it (older configurations of Exim itself do not): `verify = header_syntax`, and lines of at most 998 octets. */
const exim = refuses(
  'Exim of Debian',
  'https://salsa.debian.org/exim-team/exim4/-/blob/master/debian/debconf/conf.d/acl/40_exim4-config_check_data',
);
const openSmtpd = refuses(
  'OpenSMTPD',
  'https://github.com/OpenSMTPD/OpenSMTPD/blob/master/usr.sbin/smtpd/smtp_session.c',
);
/** 5.6.11, when it relays the message to a host without CHUNKING (RFC 3030 §2). */
const exchangeOnline = refuses(
  'Exchange Online',
  'https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-6-11-in-exchange-online',
);
/** `MaxHeaderSize`: 256 KiB unless set. */
const exchange = refuses(
  'Exchange',
  'https://learn.microsoft.com/en-us/powershell/module/exchange/set-receiveconnector',
);
const chasquid = refuses('chasquid', 'https://blitiri.com.ar/p/chasquid/relnotes/');
const kumo = refuses('KumoMTA', 'https://docs.kumomta.com/reference/kumo/start_esmtp_listener/line_length_hard_limit/');
const cyrusCode = 'https://github.com/cyrusimap/cyrus-imapd/blob/master/imap/message.c';
/** `message_copy_strict`: NUL and, in mail that is delivered, a bare LF. */
const cyrus = refuses('Cyrus', cyrusCode);
/** The same function, with `munge8bit` of imapd.conf: X in place of each octet. */
const cyrusAlters = { receiver: 'Cyrus', does: 'alters', source: cyrusCode } as const;

/** The rules by name, in the order in which violations are listed. */
export const receiverRules = {
  repeatedField: { rfc: 'RFC 5322 §3.6', judgements: [gmailFormat, haraka] },
  noFrom: { rfc: 'RFC 5322 §3.6', judgements: [gmailFormat, haraka] },
  unreadableFrom: { rfc: 'RFC 5322 §3.6.2', judgements: [gmailFormat, exim] },
  severalAuthors: { rfc: 'RFC 5322 §3.6.2', judgements: [gmailReplies] },
  unreadableAddress: { rfc: 'RFC 5322 §3.4', judgements: [exim] },
  noDate: { rfc: 'RFC 5322 §3.6', judgements: [haraka] },
  unreadableDate: { rfc: 'RFC 5322 §3.3', judgements: [haraka] },
  noMessageId: { rfc: null, judgements: [gmailReplies] },
  unreadableMessageId: { rfc: 'RFC 5322 §3.6.4', judgements: [gmailReplies] },
  returnPath: { rfc: 'RFC 5321 §4.4', judgements: [haraka] },
  strangeLine: { rfc: 'RFC 5322 §2.2', judgements: [openSmtpd] },
  eightBitHeader: { rfc: 'RFC 6532 §3.7', judgements: [cyrusAlters] },
  longHeader: { rfc: null, judgements: [exchange] },
  longLine: { rfc: 'RFC 5322 §2.1.1', judgements: [exim, kumo] },
  bareLf: { rfc: 'RFC 5321 §2.3.8', judgements: [exchangeOnline, chasquid, cyrus] },
  bareCr: { rfc: 'RFC 5321 §2.3.8', judgements: [chasquid] },
  nul: { rfc: 'RFC 5322 §2.1', judgements: [cyrus] },
} as const satisfies Readonly<Record<string, ReceiverRule>>;

/** Name of a rule. */
export type RuleName = keyof typeof receiverRules;

function refuses(receiver: string, source: string): Judgement {
  return { receiver, does: 'refuses', source };
}
