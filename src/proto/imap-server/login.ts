import type { Identity } from '#lib/sasl';
import type { FailedLogin } from './backend.ts';
import type { Context } from './context.ts';
import { Bad, Bye, No } from './refusal.ts';

const longestDelayMs = 30_000;

/**
 * Opens the account of a user whose identity is proved. Returns the text of the tagged OK (RFC 9051 §6.2.2).
 * @throws No when the login is refused, after the delay of a failed one: the client may go on trying.
 */
export async function completeLogin(context: Context, identity: Identity): Promise<string> {
  try {
    await enterAccount(context, identity);
  } catch (error) {
    if (error instanceof No && error.code === 'AUTHORIZATIONFAILED') await delayFailure(context);
    throw error;
  }
  // RFC 9051 §7.1: a CAPABILITY code makes a separate CAPABILITY command unnecessary.
  return `[CAPABILITY ${context.capability()}] logged in`;
}

/** Enters the authenticated state. Throws what `open` throws. */
export async function enterAccount(context: Context, identity: Identity): Promise<void> {
  const { backend, options } = context.deps;
  context.account = await backend.open(identity);
  context.loginFailures = 0;
  context.output.timeoutMs = options.limits.writeTimeoutMs;
}

/**
 * Answers a failed login with a delay that grows each time (RFC 9051 §11.7: SHOULD); the last permitted failure ends the connection.
 * @throws always: No, Bad for a malformed exchange, or Bye.
 */
export async function refuseLogin(context: Context, outcome: FailedLogin): Promise<never> {
  context.deps.backend.noteFailedLogin(outcome);
  if (outcome.failure === 'aborted') throw new Bad('authentication cancelled');
  if (outcome.failure === 'protocol') throw new Bad(outcome.reason);
  await delayFailure(context);
  // RFC 5530 §3: UNAVAILABLE, a temporary failure, which clients retry.
  if (outcome.failure === 'busy') throw new No('UNAVAILABLE', 'too many logins at once, please try again later');
  // RFC 5530 §3: one code for wrong names and wrong passwords; RFC 9051 §11.7: the reason SHOULD NOT be given.
  if (outcome.failure === 'authorization') throw new No('AUTHORIZATIONFAILED', 'not authorized');
  throw new No('AUTHENTICATIONFAILED', 'authentication failed');
}

/** Counts a failed login and waits. @throws Bye after the last that is permitted. */
async function delayFailure(context: Context): Promise<void> {
  const { clock, options, shutdown } = context.deps;
  const { loginFailureDelayMs, maxLoginFailures } = options.limits;
  context.loginFailures++;
  const delayMs = Math.min(loginFailureDelayMs * 2 ** (context.loginFailures - 1), longestDelayMs);
  await clock.sleep(delayMs, shutdown).catch(() => undefined);
  if (context.loginFailures >= maxLoginFailures)
    throw new Bye(`too many failed logins in this connection: the limit is ${maxLoginFailures}`);
}
