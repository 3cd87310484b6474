import { admissionLimits } from './admission-limits.ts';
import { loginLimits } from './login-limit.ts';

/** Words for clients that are turned away, each with its limit. That of one address is named; those of the networks around it are higher. */
export const admissionTexts = {
  tooFast: `too many connections from your network in a short time: the limit is ${admissionLimits.connectionsPerMinute[0]} a minute for one address`,
  tooMany: `too many open connections from your network: the limit is ${admissionLimits.openConnections[0]} for one address`,
  unknownRecipients:
    `too many unknown recipients from your network: the limit is ${admissionLimits.unknownRecipientsPerMinute[0]} a minute ` +
    `and ${admissionLimits.unknownRecipientsPerDay[0]} a day for one address, please wait`,
  failedTooOften:
    `too many failed logins from your network: the limit is ${loginLimits.failuresPerMinute[0]} a minute ` +
    `and ${loginLimits.failuresPerDay[0]} a day for one address, please wait`,
  busy: `too many logins at once from your network: ${loginLimits.waiting[0]} may wait for one address, please try again later`,
} as const;
