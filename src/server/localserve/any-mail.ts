import { writeUnstructured } from '#lib/message';
import { describeViolation, receiverRules, type Violation, type ReceiverRule } from '#lib/receivers';
import type { InboundPolicy, SenderFacts } from '#mail/inbound';
import type { Check } from '#mail/story';
import { receiverSink, standardParts, type InboundPartsMaker, type SenderChecks } from '#server/smtp-in';
import type { SubmissionRulesMaker } from '#server/submission';
import { anyLogin } from './any-login.ts';

const unchecked: SenderFacts = { domain: { kind: 'unchecked', reason: 'a development server takes all' } };
const nullPath: SenderFacts = { domain: { kind: 'nullPath' } };

/** Accepts every name of a client. */
export const anySender: SenderChecks = {
  checkHelo: async () => undefined,
  checkSender: async (from) => (from === null ? nullPath : unchecked),
};

/** Lets users send as anything to anything. */
export const anyAddress: SubmissionRulesMaker = ({ config }) => ({
  maySendAs: () => true,
  checkRecipient: () => undefined,
  takesBareUtf8: !config.server.pedantic,
  takesUnclearAuthors: !config.server.pedantic,
});

/** Makes the parts of receiving that take mail for any address, the postmaster's where there is no other, and mark what receivers refuse. */
export const anyMail: InboundPartsMaker = (config, directory) => {
  const { postmaster, pedantic } = config.server;
  const standard = standardParts(config, directory);
  return {
    ...standard,
    auth: anyLogin(postmaster),
    lookup: (recipient) => {
      const found = directory.lookup(recipient);
      const isOurs = found.kind !== 'unknown' && found.kind !== 'remote';
      return isOurs ? found : { kind: 'account', account: postmaster };
    },
    sinks: (usual) => ({ ...usual, receivers: receiverSink }),
    policy: pedantic ? standard.policy : marking(standard.policy),
  };
};

/** Delivers what breaks rules of receivers, as another policy decides about the rest, with a field that names them. */
function marking(policy: InboundPolicy): InboundPolicy {
  return (message, copy) => {
    const violations = message.content.receivers ?? [];
    const verdict = policy({ ...message, content: { ...message.content, receivers: [] } }, copy);
    if (verdict.kind !== 'deliver' || violations.length === 0) return verdict;
    const mark = writeUnstructured('Godwit-Checks', violations.map(describeViolation).join('; '));
    const checks = [...verdict.checks.filter(({ name }) => name !== 'receivers'), ...violations.map(failedCheck)];
    return { ...verdict, fields: `${verdict.fields}${mark}`, checks };
  };
}

function failedCheck(violation: Violation): Check {
  return { name: 'receivers', result: 'fail', detail: `${describeViolation(violation)}, ${sourceOf(violation)}` };
}

function sourceOf({ rule }: Violation): string {
  const { rfc, judgements }: ReceiverRule = receiverRules[rule];
  return [...(rfc === null ? [] : [rfc]), ...judgements.map(({ source }) => source)].join(' ');
}
