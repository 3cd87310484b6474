/** Kind of a header field, which determines how it may be encoded. */
export type FieldKind =
  /** Address list: names are encoded, domains become A-labels (RFC 2047 §5 (3)). */
  | 'addresses'
  /** Value with MIME parameters (RFC 2231 §4). */
  | 'parameters'
  /** Phrases with commas between (RFC 5322 §3.6.5). */
  | 'phrases'
  /** Only comments can be encoded (RFC 2047 §5 (2)). */
  | 'structured'
  /** Text (RFC 2047 §5 (1)). */
  | 'unstructured';

const kinds: ReadonlyMap<string, FieldKind> = new Map([
  ...named('addresses', [
    'from',
    'sender',
    'reply-to',
    'to',
    'cc',
    'bcc',
    'resent-from',
    'resent-sender',
    'resent-reply-to',
    'resent-to',
    'resent-cc',
    'resent-bcc',
    'disposition-notification-to',
    'return-receipt-to',
    'errors-to',
    'mail-followup-to',
    'mail-reply-to',
  ]),
  ...named('parameters', ['content-type', 'content-disposition']),
  ...named('phrases', ['keywords']),
  ...named('structured', [
    'message-id',
    'resent-message-id',
    'in-reply-to',
    'references',
    'content-id',
    'content-transfer-encoding',
    'content-language',
    'content-md5',
    'mime-version',
    'date',
    'resent-date',
    'received',
    'return-path',
    'auto-submitted',
    'dkim-signature',
    'domainkey-signature',
    'arc-seal',
    'arc-message-signature',
    'arc-authentication-results',
    'authentication-results',
    'received-spf',
  ]),
]);

function named(kind: FieldKind, names: readonly string[]): (readonly [string, FieldKind])[] {
  return names.map((name) => [name, kind] as const);
}

/** Returns the kind of a field by its lower-case name; unknown ones are unstructured (RFC 5322 §3.6.8). */
export function fieldKind(name: string): FieldKind {
  return kinds.get(name) ?? 'unstructured';
}
