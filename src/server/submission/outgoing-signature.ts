import type { SigningChoice } from '#mail/dkim';
import type { Log } from '#ports/log';
import { Refusal } from '#proto/smtp-server';

/** Dependencies of a signature. */
export interface OutgoingSignatureDeps {
  readonly choice: SigningChoice;
  readonly log: Log;
  /** Id of the connection. */
  readonly cid: string;
}

/** DKIM-Signature fields to put before a message, each with CRLF; or why there are none. */
export type SignatureResult =
  | { readonly kind: 'signed'; readonly fields: string }
  | { readonly kind: 'unsigned'; readonly reason: string };

/** The DKIM signatures of one message that leaves. A message that is to be signed and cannot be is refused, never sent without. */
export class OutgoingSignature {
  readonly #deps: OutgoingSignatureDeps;

  constructor(deps: OutgoingSignatureDeps) {
    this.#deps = deps;
  }

  /** The next bytes of the message as it will leave. */
  push(chunk: Uint8Array): void {
    const { choice } = this.#deps;
    if (choice.kind === 'signed') choice.signer.push(chunk);
  }

  /** Signs the message, which has ended. @throws Refusal when it cannot be signed. */
  async finish(): Promise<SignatureResult> {
    const { choice, log, cid } = this.#deps;
    if (choice.kind === 'unsigned') return choice;
    const { domain } = choice;
    if (choice.kind === 'keyMissing') {
      log.error('dkim.keyMissing', { cid, domain, keyFile: choice.keyFile });
      throw new Refusal(451, '4.7.5', 'the message cannot be signed at the moment, please try again later');
    }
    try {
      const result = await choice.signer.finish();
      if (result.kind === 'signed') return result;
      log.warn('dkim.unsignable', { cid, domain, reason: result.reason });
      throw new Refusal(550, '5.6.0', result.reason);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      log.error('dkim.signFailed', { cid, domain }, error);
      throw new Refusal(451, '4.7.5', 'the message cannot be signed at the moment, please try again later');
    }
  }
}
