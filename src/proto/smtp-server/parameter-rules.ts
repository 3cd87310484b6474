import type { MailParameters, RcptParameters } from '#lib/smtp';
import type { SessionLimits } from './limits.ts';
import type { SessionOptions } from './options.ts';
import { Refusal } from './refusal.ts';

/** Facts that decide which parameters a client may use. */
export interface ParameterRules {
  readonly options: Pick<SessionOptions, 'dsn' | 'futureRelease' | 'requireTls'>;
  readonly limits: Pick<SessionLimits, 'maxHoldMs' | 'maxMessageBytes'>;
  readonly isTls: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Checks the parameters of MAIL. @throws Refusal for those that are unknown, not offered or beyond a limit. */
export function checkMailParameters(
  parameters: MailParameters,
  { limits, options, isTls, nowMs }: ParameterRules,
): void {
  const [unknown] = parameters.unknown;
  if (unknown !== undefined) {
    const isBody = /^body=/i.test(unknown);
    // RFC 5321 §4.1.1.11: 555 for parameters that are not recognized or not implemented.
    throw new Refusal(555, isBody ? '5.5.4' : '5.3.3', `unknown parameter ${unknown.slice(0, 40)}`);
  }
  // RFC 3030 §3: BODY=BINARYMIME needs the BINARYMIME extension.
  if (parameters.body === 'BINARYMIME') throw new Refusal(555, '5.5.4', 'BINARYMIME is not offered');
  if (parameters.sizeBytes !== null && parameters.sizeBytes > limits.maxMessageBytes) {
    // RFC 1870 §6.1: 552 when the declared size exceeds the server's fixed maximum.
    throw new Refusal(552, '5.3.4', `message larger than ${limits.maxMessageBytes} bytes`);
  }
  if (parameters.requireTls) {
    if (!options.requireTls) throw new Refusal(555, '5.3.3', 'REQUIRETLS is not offered');
    // RFC 8689 §4.1
    if (!isTls) throw new Refusal(523, '5.7.10', 'REQUIRETLS needs TLS');
  }
  if (!options.dsn && (parameters.ret !== null || parameters.envid !== null)) {
    throw new Refusal(555, '5.3.3', 'DSN is not offered');
  }
  checkHold(parameters, { limits, options, nowMs });
}

/** Checks the parameters of RCPT. @throws Refusal as above. */
export function checkRcptParameters(parameters: RcptParameters, { dsn }: Pick<SessionOptions, 'dsn'>): void {
  const [unknown] = parameters.unknown;
  // RFC 5321 §4.1.1.11: 555 for parameters that are not recognized or not implemented.
  if (unknown !== undefined) throw new Refusal(555, '5.3.3', `unknown parameter ${unknown.slice(0, 40)}`);
  if (!dsn && (parameters.notify !== null || parameters.orcpt !== null)) {
    throw new Refusal(555, '5.3.3', 'DSN is not offered');
  }
}

/** RFC 4865 §4.2. */
function checkHold(
  { holdForS, holdUntilMs }: MailParameters,
  { options, limits, nowMs }: Omit<ParameterRules, 'isTls'>,
): void {
  if (holdForS === null && holdUntilMs === null) return;
  if (!options.futureRelease) throw new Refusal(555, '5.3.3', 'FUTURERELEASE is not offered');
  const holdMs = holdForS !== null ? holdForS * 1000 : (holdUntilMs ?? 0) - nowMs;
  if (holdMs <= 0) throw new Refusal(501, '5.5.4', 'release time is not in the future');
  const { maxHoldMs } = limits;
  if (holdMs > maxHoldMs) {
    const text = `release time is too far in the future: the limit is ${Math.floor(maxHoldMs / 1000)} seconds`;
    throw new Refusal(501, '5.5.4', text);
  }
}
