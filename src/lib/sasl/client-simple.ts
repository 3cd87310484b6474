import { createHmac } from 'node:crypto';
import { type SaslClientOptions, passwordOf } from './client-options.ts';
import { preparePassword } from './prepare.ts';
import { nothing, writeUtf8 } from './text.ts';
import type { SaslClient, SaslClientStep } from './types.ts';

const unexpected: SaslClientStep = { kind: 'failure', reason: 'server asks for more than the mechanism has' };
const tooEarly: SaslClientStep = { kind: 'failure', reason: 'server reports success before the exchange was complete' };
const done: SaslClientStep = { kind: 'done' };

/** Returns the password to send: in OpaqueString form (RFC 8265 §4.2), or unchanged when that refuses it. */
function passwordText(options: SaslClientOptions): string {
  const password = passwordOf(options);
  return preparePassword(password) ?? password;
}

/** Sends one message and is done: an empty challenge may ask for it when there was no initial response. */
abstract class OneMessageClient implements SaslClient {
  abstract readonly mechanism: 'PLAIN' | 'EXTERNAL';
  #isSent = false;

  protected abstract message(): Uint8Array;

  initial(): Uint8Array | null {
    this.#isSent = true;
    return this.message();
  }

  step(_challenge: Uint8Array): SaslClientStep {
    if (this.#isSent) return unexpected;
    this.#isSent = true;
    return { kind: 'response', data: this.message() };
  }

  finish(_data: Uint8Array | null): SaslClientStep {
    return this.#isSent ? done : tooEarly;
  }
}

/** PLAIN (RFC 4616 §2). */
export class PlainClient extends OneMessageClient {
  readonly mechanism = 'PLAIN';
  readonly #options: SaslClientOptions;

  constructor(options: SaslClientOptions) {
    super();
    this.#options = options;
  }

  protected message(): Uint8Array {
    const { authorizationId = '', login } = this.#options;
    return writeUtf8(`${authorizationId}\0${login}\0${passwordText(this.#options)}`);
  }
}

/** EXTERNAL (RFC 4422 Appendix A). */
export class ExternalClient extends OneMessageClient {
  readonly mechanism = 'EXTERNAL';
  readonly #authorizationId: string;

  constructor({ authorizationId = '' }: SaslClientOptions) {
    super();
    this.#authorizationId = authorizationId;
  }

  protected message(): Uint8Array {
    return writeUtf8(this.#authorizationId);
  }
}

/** LOGIN (draft-murchison-sasl-login): regardless of the two prompts, the answers are user name and password. */
export class LoginClient implements SaslClient {
  readonly mechanism = 'LOGIN';
  readonly #answers: readonly string[];
  #sent = 0;

  constructor(options: SaslClientOptions) {
    this.#answers = [options.login, passwordText(options)];
  }

  initial(): null {
    return null;
  }

  step(_challenge: Uint8Array): SaslClientStep {
    const answer = this.#answers[this.#sent++];
    return answer === undefined ? unexpected : { kind: 'response', data: writeUtf8(answer) };
  }

  finish(_data: Uint8Array | null): SaslClientStep {
    return this.#sent === this.#answers.length ? done : tooEarly;
  }
}

/** CRAM-MD5 (RFC 2195 §2). */
export class CramMd5Client implements SaslClient {
  readonly mechanism = 'CRAM-MD5';
  readonly #options: SaslClientOptions;
  #isSent = false;

  constructor(options: SaslClientOptions) {
    this.#options = options;
  }

  initial(): null {
    return null;
  }

  step(challenge: Uint8Array): SaslClientStep {
    if (this.#isSent) return unexpected;
    if (challenge.length === 0) return { kind: 'failure', reason: 'server sent no CRAM-MD5 challenge' };
    this.#isSent = true;
    const digest = createHmac('md5', passwordText(this.#options)).update(challenge).digest('hex');
    return { kind: 'response', data: writeUtf8(`${this.#options.login} ${digest}`) };
  }

  finish(data: Uint8Array | null): SaslClientStep {
    return this.#isSent && (data ?? nothing).length === 0 ? done : tooEarly;
  }
}
