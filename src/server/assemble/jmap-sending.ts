import { defaultSessionLimits } from '#proto/smtp-server';
import type { SendingServices } from '#server/jmap';
import { UserMail } from '#server/submission';
import { jmapAccounts } from './jmap-accounts.ts';
import type { ServiceContext } from './service.ts';

/** Makes the submission of messages by JMAP: under the rules, limits and settings of the submission by SMTP. */
export function jmapSending({ services, shared, config, hostname }: ServiceContext): SendingServices {
  const { clock, configuration, parts, queue, submissions } = services;
  const rules = () => parts.submissionRules(configuration);
  return {
    queue,
    submissions,
    rules,
    backend: (into, { log, stopping: shutdown }) =>
      parts.backend(new UserMail({ ...services, queue: into, hostname, rules: rules(), log }), { clock, shutdown }),
    senderOf: jmapAccounts(services).senderOf,
    limits: { ...defaultSessionLimits, maxMessageBytes: config.maxMessageBytes },
    nextId: shared.nextConnectionId,
  };
}
