import { writeUnstructured } from '#lib/message';
import { describeFinding, MessageChecker, receiverRules, type Finding, type ReceiverRule } from '#lib/receivers';
import type { Check } from '#mail/story';
import { Refusal, type Transaction } from '#proto/smtp-server';

/** Treatment of messages that receivers refuse. */
export type ReceiverPolicy = 'ignore' | 'mark' | 'refuse';

/** Findings of a development server about a message. */
export interface Remarks {
  /** A `Godwit-Checks` field with CRLF; empty when nothing was found. */
  readonly field: string;
  /** For the story of the message. */
  readonly checks: readonly Check[];
}

const name = 'receivers';

/** Looks at one message as receivers would. */
export class ReceiverChecks {
  readonly #policy: ReceiverPolicy;
  readonly #checker: MessageChecker | null;

  constructor(policy: ReceiverPolicy) {
    this.#policy = policy;
    this.#checker = policy === 'ignore' ? null : new MessageChecker();
  }

  /** Takes the next octets of the content. */
  push(chunk: Uint8Array): void {
    this.#checker?.push(chunk);
  }

  /** Ends the message. @throws Refusal when it is not to be taken. */
  finish({ hadBareLf = false, parameters }: Transaction): Remarks {
    if (this.#checker === null) return { field: '', checks: [] };
    const findings = this.#checker.finish({ hadBareLf, hadBareCr: false, smtputf8: parameters.smtputf8 });
    const [first] = findings;
    if (first === undefined) return { field: '', checks: [{ name, result: 'pass', detail: null }] };
    if (this.#policy === 'refuse') throw new Refusal(550, '5.6.0', describeFinding(first));
    return {
      field: writeUnstructured('Godwit-Checks', findings.map(describeFinding).join('; ')),
      checks: findings.map((finding) => ({
        name,
        result: 'fail',
        detail: `${describeFinding(finding)}, ${sourceOf(finding)}`,
      })),
    };
  }
}

function sourceOf({ rule }: Finding): string {
  const { rfc, judgements }: ReceiverRule = receiverRules[rule];
  return [...(rfc === null ? [] : [rfc]), ...judgements.map(({ source }) => source)].join(' ');
}
