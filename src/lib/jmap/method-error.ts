import type { JsonObject } from './json.ts';

/** Types of method-level errors (RFC 8620 §3.6.2, §5.1 to §5.6). */
type MethodErrorType =
  | 'accountNotFound'
  | 'accountNotSupportedByMethod'
  | 'accountReadOnly'
  | 'anchorNotFound'
  | 'cannotCalculateChanges'
  | 'forbidden'
  | 'invalidArguments'
  | 'invalidResultReference'
  | 'requestTooLarge'
  | 'serverFail'
  | 'serverUnavailable'
  | 'stateMismatch'
  | 'tooManyChanges'
  | 'unknownMethod'
  | 'unsupportedFilter'
  | 'unsupportedSort';

/** Refusal of one method call. The call changed nothing. */
export class MethodError extends Error {
  override readonly name = 'MethodError';
  readonly type: MethodErrorType;
  readonly #more: JsonObject;

  /** @param description  For developers of clients. */
  constructor(type: MethodErrorType, description: string, more: JsonObject = {}) {
    super(description);
    this.type = type;
    this.#more = more;
  }

  /** Arguments of the `error` response. */
  get response(): JsonObject {
    return { type: this.type, description: this.message, ...this.#more };
  }
}

/** Makes the refusal of an argument. */
export function invalidArgument(name: string, reason: string): MethodError {
  return new MethodError('invalidArguments', `${name}: ${reason}`, { arguments: [name] });
}
