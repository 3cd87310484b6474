import { z } from 'zod';
import { conditionKinds } from '#ports/conditions';

const timeMs = z.number().describe('Milliseconds since 1970.');

const certificate = z.strictObject({
  listener: z.string().describe('Name of the listener in the configuration.'),
  names: z.array(z.string()).readonly().describe('Names that it is for.'),
  endsMs: timeMs,
});

const disk = z.strictObject({
  freeBytes: z.number(),
  totalBytes: z.number(),
  state: z
    .enum(['ok', 'low', 'full'])
    .describe('low: a warning; full: mail is refused, and only what frees space may write.'),
});

const condition = z.strictObject({
  kind: z.enum(conditionKinds),
  subject: z.string().describe('File, folder or part that it is about.'),
  count: z.number(),
  firstMs: timeMs,
  lastMs: timeMs,
});

const pausedTransport = z.strictObject({
  transport: z.string(),
  sinceMs: timeMs,
  untilMs: timeMs.describe('When one message tries the login again, in milliseconds since 1970.'),
  reason: z.string().describe("The server's answer to the latest login."),
  refusals: z.number().describe('Logins that were refused since the pause began.'),
});

const lockout = z.strictObject({
  address: z.string(),
  login: z.string().nullable().describe('Login name of the last wrong guess, null when it did not come to a name.'),
  sinceMs: timeMs,
  untilMs: timeMs,
});

/** Schema of what only a running server knows of itself. */
export const serverFacts = z.strictObject({
  certificates: z.array(certificate).readonly(),
  addresses: z.array(z.strictObject({ service: z.string(), address: z.string(), port: z.number() })).readonly(),
  startedMs: timeMs,
  disk: disk.nullable().describe('The disk with the data; null where space cannot be measured.'),
  conditions: z.array(condition).readonly().describe('Conditions of the machine since the start, the latest first.'),
  pausedTransports: z
    .array(pausedTransport)
    .readonly()
    .describe('Transports that wait, as their servers refused our login.'),
  lockouts: z.array(lockout).readonly().describe('Addresses that may not log in for a while, the latest first.'),
  dkimProblems: z.array(z.string()).readonly().describe('Problems of DKIM keys, a line each.'),
});

/** Facts that only a running server knows of itself. */
export type ServerFacts = z.output<typeof serverFacts>;
/** A certificate in use. */
export type CertificateFacts = z.output<typeof certificate>;

/** Parts of a server at work. */
export interface RunningParts {
  /** Null while the server starts. */
  readonly facts: () => ServerFacts | null;
  /** Ends the pause of a transport, or of all. @returns names of those that were paused. */
  readonly resumeTransport: (transport: string | null) => readonly string[];
  /** Reads again what may change under a running server. @returns problems in it, a line each. */
  readonly reload: () => Promise<readonly string[]>;
}

/** The dependency of operations that ask or change the server at work. */
export interface RunningDeps {
  /** Null when no server runs. */
  readonly running: RunningParts | null;
}
