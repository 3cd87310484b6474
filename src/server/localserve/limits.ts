import type { SessionLimits } from '#proto/smtp-server';

/** Networks of containers, virtual machines and the office (RFC 1918, RFC 4193, RFC 6598, and addresses of one link), without limits on a development server. */
export const privateNetworks: readonly string[] = [
  '127.0.0.0/8',
  '::1',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

/**
 * Limits of a session with a program of the developer: pools hold connections open, tests send thousands of messages and are refused on purpose.
 * RFC 9422 §4 has room for six digits.
 */
export const developmentLimits: Partial<SessionLimits> = {
  maxRecipients: 100_000,
  maxTransactions: 999_999,
  maxBadCommands: 100_000,
  maxIdleCommands: 1_000_000,
  maxSmallChunks: 1_000_000,
  maxBadTransactions: 1_000_000,
  maxBadRecipients: 1_000_000,
  maxAuthFailures: 1_000_000,
  slowAfter: 1_000_000,
  commandTimeoutMs: 60 * 60_000,
  dataBlockTimeoutMs: 60 * 60_000,
  lineTimeoutMs: 60 * 60_000,
};
