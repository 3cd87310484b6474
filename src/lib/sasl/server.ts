import type { Exchange, SaslServerOptions, ServerMechanism } from './exchange.ts';
import { failed } from './exchange.ts';
import { saslLimits } from './limits.ts';
import { oauthBearer, xoauth2 } from './server-oauth.ts';
import { cramMd5, external, login, plain } from './server-simple.ts';
import { scram } from './server-scram.ts';
import type { MechanismName } from './mechanisms.ts';
import type { SaslServer, SaslServerStep } from './types.ts';

const mechanisms: Readonly<Record<MechanismName, ServerMechanism>> = {
  EXTERNAL: external,
  'SCRAM-SHA-256-PLUS': scram('SHA-256', true),
  'SCRAM-SHA-256': scram('SHA-256', false),
  'SCRAM-SHA-1-PLUS': scram('SHA-1', true),
  'SCRAM-SHA-1': scram('SHA-1', false),
  'CRAM-MD5': cramMd5,
  OAUTHBEARER: oauthBearer,
  XOAUTH2: xoauth2,
  PLAIN: plain,
  LOGIN: login,
};

/**
 * Starts the server's side of one exchange. Its `step` never throws because of the client; it rejects only when the store does.
 * After success or failure the exchange (RFC 4422 §3) has ended, and further steps are `protocol` failures.
 */
export function createSaslServer(mechanism: MechanismName, options: SaslServerOptions): SaslServer {
  return new Server(mechanism, options);
}

class Server implements SaslServer {
  readonly mechanism: MechanismName;
  readonly #options: SaslServerOptions;
  #exchange: Exchange | null = null;
  #isOver = false;

  constructor(mechanism: MechanismName, options: SaslServerOptions) {
    this.mechanism = mechanism;
    this.#options = options;
  }

  async step(response: Uint8Array | null): Promise<SaslServerStep> {
    if (this.#isOver) return failed('protocol', 'the exchange is over');
    if (response !== null && response.length > saslLimits.maxMessageBytes) return this.#end('message too long');
    const isFirst = this.#exchange === null;
    this.#exchange ??= mechanisms[this.mechanism](response, this.#options);
    if (!isFirst && response === null) return this.#end('a response is missing');
    const next = isFirst || response === null ? this.#exchange.next() : this.#exchange.next(response);
    const result = await next;
    if (result.done !== true) return { kind: 'challenge', data: result.value };
    this.#isOver = true;
    return result.value;
  }

  #end(reason: string): SaslServerStep {
    this.#isOver = true;
    return failed('protocol', reason);
  }
}
