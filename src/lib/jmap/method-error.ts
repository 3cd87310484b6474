import type { JsonObject, JsonValue } from './json.ts';

/** Types of method-level errors (RFC 8620 §3.6.2, §5.1 to §5.6; RFC 8621 §4.4; RFC 9404 §4.3). */
type MethodErrorType =
  | 'accountNotFound'
  | 'accountNotSupportedByMethod'
  | 'accountReadOnly'
  | 'anchorNotFound'
  | 'cannotCalculateChanges'
  | 'forbidden'
  | 'fromAccountNotFound'
  | 'invalidArguments'
  | 'invalidResultReference'
  | 'requestTooLarge'
  | 'serverFail'
  | 'serverUnavailable'
  | 'stateMismatch'
  | 'tooManyChanges'
  | 'unknownDataType'
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

/** Types of errors about one object of a `/set` call (RFC 8620 §5.3; RFC 8621 §2.5, §4.6, §6.3, §7.5; RFC 9007 §2.1). */
type SetErrorType =
  | 'blobNotFound'
  | 'cannotUnsend'
  | 'forbidden'
  | 'forbiddenFrom'
  | 'forbiddenMailFrom'
  | 'forbiddenToSend'
  | 'invalidEmail'
  | 'invalidPatch'
  | 'invalidProperties'
  | 'invalidRecipients'
  | 'mailboxHasChild'
  | 'mailboxHasEmail'
  | 'mdnAlreadySent'
  | 'noRecipients'
  | 'notFound'
  | 'overQuota'
  | 'rateLimit'
  | 'singleton'
  | 'tooLarge'
  | 'tooManyKeywords'
  | 'tooManyMailboxes'
  | 'tooManyRecipients'
  | 'willDestroy';

/** Refusal to create, update or destroy one object, which stays as it was. */
export class SetError extends Error {
  override readonly name = 'SetError';
  readonly type: SetErrorType;
  readonly #properties: readonly string[];
  readonly #more: JsonObject;

  /** @param properties  Those that are invalid. @param more  Members that belong to the type, such as `maxSize`. */
  constructor(type: SetErrorType, description: string, properties: readonly string[] = [], more: JsonObject = {}) {
    super(description);
    this.type = type;
    this.#properties = properties;
    this.#more = more;
  }

  /** Value in `notCreated`, `notUpdated` or `notDestroyed`. */
  get response(): JsonObject {
    const properties: JsonValue = this.#properties;
    return {
      type: this.type,
      description: this.message,
      ...(this.#properties.length > 0 && { properties }),
      ...this.#more,
    };
  }
}
