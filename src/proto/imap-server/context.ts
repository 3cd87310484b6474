import type { ImapCodec } from '#lib/imap';
import { ResponseWriter, type TextOptions } from '#lib/imap';
import type { AccountBackend } from './backend.ts';
import { capabilityText } from './capability.ts';
import type { Input } from './input.ts';
import type { ImapServerDeps } from './options.ts';
import type { Output } from './output.ts';
import { Bad } from './refusal.ts';
import type { Selection } from './selection.ts';

/** Extensions that ENABLE can switch on (RFC 5161 §3.1). */
export type Enabled = 'IMAP4REV2' | 'UTF8=ACCEPT';

/** States of a session (RFC 9051 §3). */
export type SessionState = 'notAuthenticated' | 'authenticated' | 'selected';

/** State of one session, on which commands work. */
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
  /** Tag of the command at hand. */
  tag = '';
  loginFailures = 0;
  /** STARTTLS was answered: the handshake is next. */
  wantsTls = false;
  /** Part of a response went out whose rest must follow: nothing else can be said now. */
  isMidResponse = false;
  /** LOGOUT was answered: nothing more is read. */
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

  /** The client understands IMAP4rev2 responses (RFC 9051 §6.3.1). */
  get isRev2(): boolean {
    return this.enabled.has('IMAP4REV2');
  }

  /** Strings and mailbox names may be UTF-8 (RFC 6855 §3, RFC 9051 §5.1). */
  get isUtf8(): boolean {
    return this.isRev2 || this.enabled.has('UTF8=ACCEPT');
  }

  /** The account; commands that need it are only legal after login. @throws Bad before login. */
  loggedIn(): AccountBackend {
    if (this.account === null) throw new Bad('log in first');
    return this.account;
  }

  /** The selected mailbox. @throws Bad when none is. */
  selected(): Selection {
    if (this.selection === null) throw new Bad('select a mailbox first');
    return this.selection;
  }

  /** Largest message that APPEND takes now. */
  get appendLimitBytes(): number {
    const most = this.deps.options.limits.maxAppendBytes;
    return Math.min(this.account?.appendLimitBytes ?? most, most);
  }

  /** The capability list as it is now. */
  capability(): string {
    return capabilityText(this.deps.options, this.deps.channel.tls, this.account !== null, this.appendLimitBytes);
  }

  /** Adds an untagged response. */
  untagged(text: string): void {
    this.output.line(`* ${text}`);
  }

  /** Adds responses that a writer of #lib/imap makes, with text as this client reads it. */
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
