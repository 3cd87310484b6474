/** Connection and identity of a client that brought a message. */
export interface Acceptance {
  /** `mx`, `submission`, `submissions`, `jmap`, `imap` or `imaps`. */
  readonly service: string;
  /** Our address and port. */
  readonly local: string;
  readonly remoteIp: string;
  /** Verb and name, such as `EHLO mx.example.org`; null when there was none. */
  readonly hello: string | null;
  /** Null for a plaintext connection. */
  readonly tls: { readonly version: string; readonly cipher: string } | null;
  /** Null for who did not log in. */
  readonly login: { readonly name: string; readonly mechanism: string } | null;
  /** Id of the connection, as in the log. */
  readonly cid: string;
}

/** Check made before a message was accepted. */
export interface Check {
  /** Name: `sender`, and once they are checked `spf`, `dkim`, `dmarc`. */
  readonly name: string;
  /** `pass`, `none`, or what else the check can say. */
  readonly result: string;
  /** For people; null when the result says it all. */
  readonly detail: string | null;
}

/** Submission of a message by a user. */
export interface SubmissionOrigin {
  readonly kind: 'submission';
  readonly by: Acceptance;
  /** Author of the From field, who was found to be one of the user's addresses. */
  readonly author: string;
  /** Header fields that were missing. */
  readonly added: readonly string[];
  /** Header fields that must not travel. */
  readonly removed: readonly string[];
  /** One for each signature, or why there is none. */
  readonly dkim: { readonly signatures: readonly string[] } | { readonly unsigned: string };
  readonly isChunked: boolean;
  /** Its body was encoded so that every host takes it; absent when it was fine. */
  readonly isConverted?: true;
}

/** A message of others that reached some of its recipients and did not reach the rest. */
interface LeftoverOrigin {
  readonly kind: 'leftover';
  readonly by: Acceptance;
  /** Reason why it was refused, which the sender does not learn; absent when the reply says it all. */
  readonly explanation?: string;
}

/** Origin of a queued message. */
export type Origin = SubmissionOrigin | LeftoverOrigin;

/** Reception of a message that reached a mailbox from outside. */
export interface ReceptionRecord {
  readonly by: Acceptance;
  readonly checks: readonly Check[];
  /** Reason why it went where it went; absent when nothing special was decided. */
  readonly explanation?: string;
}

/** Facts about a connection. Names that a client chose are cut. */
interface ConnectionFacts {
  readonly id: string;
  readonly kind: string;
  readonly remote: { readonly address: string };
  readonly local: { readonly address: string; readonly port: number };
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  readonly hello: { readonly verb: string; readonly name: string } | null;
  readonly identity: { readonly login: string } | null;
  readonly mechanism: string | null;
}

const maxNameChars = 256;

/** The facts of a session that stories tell. */
export function acceptanceOf(facts: ConnectionFacts): Acceptance {
  const { id, kind, remote, local, tls, hello, identity, mechanism } = facts;
  const address = local.address.includes(':') ? `[${local.address}]` : local.address;
  return {
    service: kind,
    local: `${address}:${local.port}`,
    remoteIp: remote.address,
    hello: hello === null ? null : `${hello.verb} ${hello.name.slice(0, maxNameChars)}`,
    tls: tls === null ? null : { version: tls.protocol, cipher: tls.cipher },
    login: identity === null ? null : { name: identity.login, mechanism: mechanism ?? '' },
    cid: id,
  };
}

/** The text for `queue_message.origin`. */
export function writeOrigin(origin: Origin): string {
  return JSON.stringify(origin);
}

/** The text for `email.validation`. Other results may stand beside these members. */
export function writeReception(record: ReceptionRecord): string {
  return JSON.stringify(record);
}

/** Reads what `writeOrigin` wrote; null for a message that was queued before origins were kept, or by the server itself. */
export function readOrigin(text: string | null): Origin | null {
  // We wrote it ourselves.
  return text === null ? null : (JSON.parse(text) as Origin);
}

/** Reads what `writeReception` wrote; null for what did not come by SMTP, or came before it was kept. */
export function readReception(text: string | null): ReceptionRecord | null {
  const record = text === null ? null : (JSON.parse(text) as Partial<ReceptionRecord>);
  return record?.by === undefined
    ? null
    : {
        by: record.by,
        checks: record.checks ?? [],
        ...(record.explanation !== undefined && { explanation: record.explanation }),
      };
}
