/** Exit codes of programs that take mail, by their names in `sysexits.h`; callers of sendmail tell by them what to do. */
export const exitCodes = {
  EX_OK: 0,
  /** The command was used wrongly: unknown mode, no recipients. */
  EX_USAGE: 64,
  /** The message cannot be sent as it is. */
  EX_DATAERR: 65,
  /** A recipient does not exist. */
  EX_NOUSER: 67,
  /** The server refused the message for good. */
  EX_UNAVAILABLE: 69,
  /** A bug of ours. */
  EX_SOFTWARE: 70,
  /** The system has no room, or no rights, to keep the message. */
  EX_CANTCREAT: 73,
  EX_IOERR: 74,
  /** It did not work now; the message is kept and will be tried again. */
  EX_TEMPFAIL: 75,
  /** The server does not let us in. */
  EX_NOPERM: 77,
  /** The configuration is wrong or missing. */
  EX_CONFIG: 78,
} as const;

/** One of the codes of `exitCodes`. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
