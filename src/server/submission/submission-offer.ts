import type { SessionOptions } from '#proto/smtp-server';

/** Extensions that users may use with every message they submit, by SMTP or JMAP. */
export const submissionOffer: Pick<SessionOptions, 'dsn' | 'futureRelease' | 'requireTls'> = {
  dsn: true,
  futureRelease: true,
  requireTls: true,
};
