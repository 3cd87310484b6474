import { MessageChecker, type Violation } from '#lib/receivers';
import type { ContentSinkDefinition, ContentSinks, SinkFacts } from '#mail/inbound';
import type { InboundTransaction } from './inbound-transaction.ts';
import type { Notices } from './notices.ts';

/** The sinks of incoming mail. */
export type InboundSinks = ContentSinks<InboundTransaction, SinkFacts>;

/** Looks at messages as well-known receivers would. */
export const receiverSink: ContentSinkDefinition<InboundTransaction, readonly Violation[]> = {
  onFailure: 'refuse',
  begin(transaction) {
    const checker = new MessageChecker();
    return {
      write: (chunk) => {
        checker.push(chunk);
        return null;
      },
      finish: async () => {
        const { hadBareLf = false, parameters } = transaction;
        return checker.finish({ hadBareLf, hadBareCr: false, smtputf8: parameters.smtputf8 });
      },
      abort: () => undefined,
    };
  },
};

const noReceivers: ContentSinkDefinition<InboundTransaction, readonly Violation[]> = {
  onFailure: 'goOn',
  begin: () => null,
};

/** The list of sinks: a feature that looks at content adds its entry, and the fact that it finds to `SinkFacts`. */
export function contentSinks({
  notices,
  pedantic,
}: {
  readonly notices: Notices;
  readonly pedantic: boolean;
}): InboundSinks {
  return {
    receivers: pedantic ? receiverSink : noReceivers,
    notice: notices.sink,
  };
}
