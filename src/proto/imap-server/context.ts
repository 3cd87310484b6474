import type { ImapCodec } from '#lib/imap';
import { ResponseWriter, type TextOptions } from '#lib/imap';
import type { AccountBackend } from './backend.ts';
import { capabilityText } from './offered-capabilities.ts';
import type { Input } from './input.ts';
import type { ImapServerDeps } from './options.ts';
import type { Output } from './output.ts';
import { Bad, No } from './refusal.ts';
import type { Selection } from './selection.ts';

/** Extensions that ENABLE can switch on (RFC 5161 §3.1). */
export type Enabled = 'IMAP4REV2' | 'UTF8=ACCEPT';

/** States of a session (RFC 9051 §3). */
export type SessionState = 'notAuthenticated' | 'authenticated' | 'selected';

/** State of one session that command handlers work on. */
export class Context {
  readonly deps: ImapServerDeps;
  readonly input: Input;
  readonly output: Output;
  readonly codec: ImapCodec;
  /** Null before login. */
  account: AccountBackend | null = null;
  /** Null unless in the selected state. */
  selection: Selection | null = null;
  readonly enabled = new Set<Enabled>();
  /** Tag of the current command. */
  tag = '';
  loginFailures = 0;
  /** True when STARTTLS was answered and the handshake is next. */
  wantsTls = false;
  /** True when only part of a response was sent: no other response can be sent on this connection. */
  isMidResponse = false;
  /** True when LOGOUT was answered and nothing more is read. */
  isLoggedOut = false;

  constructor(deps: ImapServerDeps, input: Input, output: Output, codec: ImapCodec) {
    this.deps = deps;
    this.input = input;
    this.output = output;
    this.codec = codec;
  }

  /** Current state of the session. */
  get state(): SessionState {
    if (this.account === null) return 'notAuthenticated';
    return this.selection === null ? 'authenticated' : 'selected';
  }

  /** True when the client has enabled IMAP4rev2 responses (RFC 9051 §6.3.1); until then they MUST conform to RFC 3501 (RFC 9051 §7.2.2). */
  get isRev2(): boolean {
    return this.enabled.has('IMAP4REV2');
  }

  /** True when strings and mailbox names may be UTF-8 (RFC 6855 §3, RFC 9051 §5.1). */
  get isUtf8(): boolean {
    return this.isRev2 || this.enabled.has('UTF8=ACCEPT');
  }

  /** Returns the account. @throws Bad before login. */
  loggedIn(): AccountBackend {
    if (this.account === null) throw new Bad('log in first');
    return this.account;
  }

  /** Refuses to change an account that this login may only read. @throws No */
  requireWritable(): void {
    // RFC 5530 §3: NOPERM, the user may not perform the operation.
    if (this.account?.isReadOnly === true) throw new No('NOPERM', 'this login may only read');
  }

  /** Returns the selected mailbox. @throws Bad when none is selected. */
  selected(): Selection {
    if (this.selection === null) throw new Bad('select a mailbox first');
    return this.selection;
  }

  /** Largest message that APPEND accepts now (RFC 7889 §3). */
  get appendLimitBytes(): number {
    const most = this.deps.options.limits.maxAppendBytes;
    return Math.min(this.account?.appendLimitBytes ?? most, most);
  }

  /** Returns the current capability list. */
  capability(): string {
    return capabilityText(this.deps.options, this.deps.channel.tls, this.account !== null, this.appendLimitBytes);
  }

  /** Writes an untagged response. */
  untagged(text: string): void {
    this.output.line(`* ${text}`);
  }

  /** Writes responses through a writer of #lib/imap, with text in the form that this client has enabled. */
  write(response: (writer: ResponseWriter, options: TextOptions) => void): void {
    const writer = new ResponseWriter(256);
    response(writer, { utf8: this.isUtf8 });
    this.output.bytes(writer.take());
  }

  /** Leaves the selected state without expunging. */
  async unselect(): Promise<void> {
    const { selection } = this;
    if (selection === null) return;
    this.selection = null;
    await selection.mailbox[Symbol.asyncDispose]();
  }
}
