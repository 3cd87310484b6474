/**
 * The conditions of a machine under which storage fails although the program is right. They will happen, so they are no bugs: each has its
 * own log event, its own protocol answer and a line in `godwit status`.
 */
export const conditionKinds = [
  'diskFull',
  'quotaReached',
  'readOnly',
  'ioError',
  'damaged',
  'blobMissing',
  'accountRefused',
  'fileRemoved',
  'fileReplaced',
  'tooManyFiles',
  'overloaded',
] as const;

/**
 * `diskFull`: no space left, or so little that only what frees space may write; `quotaReached`: the file system's quota of the server's user; `readOnly`: the file
 * system or a file; `ioError`: the medium; `damaged`: a database that is not whole; `blobMissing`: a row names a body that is gone;
 * `accountRefused`: the data of an account is missing or may be another's; `fileRemoved`: a file or folder that the running server has open is not at its path any more;
 * `fileReplaced`: another one is in its place; `tooManyFiles`: no descriptor left (EMFILE, ENFILE); `overloaded`: no memory, too much work waiting, or a worker thread that died.
 */
export type ConditionKind = (typeof conditionKinds)[number];

/** Thrown by ports for a condition of the machine; `message` is for operators, `cause` is the system's own error. */
export class ConditionError extends Error {
  override readonly name: string = 'ConditionError';
  readonly kind: ConditionKind;
  /** The file, folder or part that it is about; never a client's words. */
  readonly subject: string;

  constructor(kind: ConditionKind, subject: string, options: ErrorOptions & { readonly message?: string } = {}) {
    super(options.message ?? `${conditionText(kind)}: ${subject}`, options);
    this.kind = kind;
    this.subject = subject;
  }
}

/** Records conditions: they are logged, counted and shown to operators. */
export interface ConditionSink {
  /** Notes one occurrence. */
  note(error: ConditionError): void;
}

/** A sink for code that runs without a server around it. */
export const ignoreConditions: ConditionSink = { note: () => undefined };

const texts: Readonly<Record<ConditionKind, string>> = {
  diskFull: 'the disk is full',
  quotaReached: 'the disk quota is reached',
  readOnly: 'the disk is read-only',
  ioError: 'the disk failed',
  damaged: 'stored data is damaged',
  blobMissing: 'stored data is missing',
  accountRefused: 'the mail of the account is not available',
  fileRemoved: 'a file of the server was removed while it ran',
  fileReplaced: 'a file of the server was replaced while it ran',
  tooManyFiles: 'too many open files',
  overloaded: 'too much work is waiting',
};

/** Returns the condition in words for clients: no paths, no names. */
export function conditionText(kind: ConditionKind): string {
  return texts[kind];
}
