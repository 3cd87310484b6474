import { socksLimits } from './limits.ts';
import { Method, writeGreeting, writeLogin, writeRequest } from './messages.ts';
import { refusalOf } from './refusals.ts';
import type { SocksClientOptions, SocksStep } from './types.ts';

const more: SocksStep = { kind: 'more' };

/** State of the exchange, by the expected answer. */
type State = 'method' | 'login' | 'reply' | 'ended';

/** One attempt to reach a target through a SOCKS5 proxy. Send `greeting`, pass all input to `push`, and execute the steps that it returns. */
export class SocksClient {
  /** The first bytes to send (RFC 1928 §3). */
  readonly greeting: Uint8Array;
  readonly #request: Uint8Array;
  readonly #login: Uint8Array | null;
  readonly #answer = new Uint8Array(socksLimits.maxAnswerBytes);
  #length = 0;
  #state: State = 'method';

  /** @throws RangeError for a name, port, user or password that does not fit the format. */
  constructor({ target, credentials }: SocksClientOptions) {
    this.#request = writeRequest(target);
    this.#login = credentials === undefined ? null : writeLogin(credentials.user, credentials.password.reveal());
    this.greeting = writeGreeting(this.#login !== null);
  }

  /** Takes the proxy's next bytes, cut anywhere. After `connected` or `failed` the exchange has ended, and further calls fail. */
  push(chunk: Uint8Array): SocksStep {
    if (this.#state === 'ended') return this.#fail('the exchange is over');
    for (let at = 0; ;) {
      const wanted = this.#wanted();
      const taken = chunk.subarray(at, at + wanted - this.#length);
      this.#answer.set(taken, this.#length);
      this.#length += taken.length;
      at += taken.length;
      if (this.#length < wanted) return more;
      const step = this.#judge();
      if (step === null) continue;
      if (step.kind === 'connected') return { kind: 'connected', rest: chunk.subarray(at) };
      if (step.kind === 'send' && at < chunk.length) return this.#fail('it speaks out of turn');
      return step;
    }
  }

  /** Interprets the end of the connection by the proxy. */
  end(): SocksStep {
    switch (this.#state) {
      case 'method':
        return this.#fail(this.#length === 0 ? 'it ended the connection without a word' : truncated);
      case 'login':
        return this.#fail('it ended the connection when it got user and password');
      case 'reply':
        return this.#fail(this.#length === 0 ? 'it ended the connection when asked to connect' : truncated, 'target');
      case 'ended':
        return this.#fail('the exchange is over');
    }
  }

  /** Returns the number of bytes that the answer must have before it can be checked. */
  #wanted(): number {
    const length = this.#length;
    if (length < 2) return length + 1;
    if (length < 5) return 5;
    const [, , , addressType, nameBytes = 0] = this.#answer;
    return addressType === 1 ? 10 : addressType === 4 ? 22 : 7 + nameBytes;
  }

  /** Checks the answer so far. Returns null when it is acceptable and incomplete. */
  #judge(): SocksStep | null {
    const [version = 0, code = 0, , addressType = 0] = this.#answer;
    if (this.#length === 1) return this.#judgeVersion(version);
    switch (this.#state) {
      case 'method':
        return this.#chooseMethod(code);
      case 'login':
        // RFC 1929 §2: any other status than 0 is a refusal, and the server closes.
        return code === 0 ? this.#send('reply', this.#request) : this.#fail('it refuses user and password');
      case 'reply':
        return this.#judgeReply(code, addressType);
      case 'ended':
        return this.#fail('the exchange is over');
    }
  }

  #judgeVersion(version: number): SocksStep | null {
    if (version === 5) return null;
    // RFC 1929 §2: the login has a version of its own, 1. Some proxies write 5 there too.
    if (version === 1 && this.#state === 'login') return null;
    if (version === httpInitial) return this.#fail('it is not a SOCKS5 proxy: it seems to speak HTTP');
    return this.#fail(`it is not a SOCKS5 proxy: an answer begins with ${version}`);
  }

  #chooseMethod(method: number): SocksStep {
    if (method === Method.none) return this.#send('reply', this.#request);
    if (method === Method.password && this.#login !== null) return this.#send('login', this.#login);
    if (method === Method.noneAcceptable) {
      return this.#fail(
        this.#login === null ? 'it wants a login, and none is configured' : 'it wants another kind of login',
      );
    }
    return this.#fail(`it chose login method ${method}, which was not offered`);
  }

  #judgeReply(code: number, addressType: number): SocksStep | null {
    // The second octet identifies a refusal; not every proxy sends the rest.
    if (code !== 0) {
      this.#state = 'ended';
      return { kind: 'failed', ...refusalOf(code) };
    }
    if (this.#length < 5) return null;
    if (addressType !== 1 && addressType !== 3 && addressType !== 4) {
      return this.#fail(`its reply has an unknown type of address, ${addressType}`);
    }
    if (this.#length < this.#wanted()) return null;
    this.#state = 'ended';
    return { kind: 'connected', rest: this.#answer.subarray(0, 0) };
  }

  #send(next: State, bytes: Uint8Array): SocksStep {
    this.#state = next;
    this.#length = 0;
    return { kind: 'send', bytes };
  }

  #fail(reason: string, blame: 'proxy' | 'target' = 'proxy'): SocksStep {
    this.#state = 'ended';
    return { kind: 'failed', blame, reason };
  }
}

const truncated = 'it ended the connection in the middle of an answer';
/** `H` of `HTTP/1.1 400`. */
const httpInitial = 0x48;
