import {
  invalidArgument,
  isJsonObject,
  jsonObject,
  MethodError,
  SetError,
  type Arguments,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import { writeState, type MailContext } from './mail-context.ts';

/** Arguments of a `/set` call (RFC 8620 §5.3). */
export interface SetCall {
  readonly ifInState: string | null;
  /** By creation id. */
  readonly create: ReadonlyMap<string, JsonObject>;
  /** Patches by id. */
  readonly update: ReadonlyMap<string, JsonObject>;
  readonly destroy: readonly string[];
}

/** Reads the arguments that all `/set` calls have. @throws MethodError accountReadOnly, requestTooLarge. */
export function setCallOf(args: Arguments, { limits, isReadOnly }: MailContext): SetCall {
  if (isReadOnly) throw new MethodError('accountReadOnly', 'this login may read mail only');
  const ifInState = args.text('ifInState', null);
  const create = objectsOf(args, 'create');
  const update = objectsOf(args, 'update');
  const destroy = args.texts('destroy', null) ?? [];
  if (create.size + update.size + destroy.length > limits.maxObjectsInSet)
    throw new MethodError('requestTooLarge', `at most ${limits.maxObjectsInSet} objects in one call`);
  return { ifInState, create, update, destroy };
}

function objectsOf(args: Arguments, name: string): Map<string, JsonObject> {
  const objects = new Map<string, JsonObject>();
  for (const [id, value] of Object.entries(args.object(name, null) ?? {})) {
    if (!isJsonObject(value)) throw invalidArgument(name, 'objects are expected');
    objects.set(id, value);
  }
  return objects;
}

/** @throws MethodError stateMismatch when the client expects another state (RFC 8620 §5.3). */
export function refuseOtherState({ ifInState }: Pick<SetCall, 'ifInState'>, state: ModSeq): void {
  if (ifInState !== null && ifInState !== writeState(state))
    throw new MethodError('stateMismatch', `the state is ${writeState(state)}`);
}

/** Returns the id that is meant by one which may be `#` and a creation id of this request (RFC 8620 §5.3); null for creation ids that are unknown. */
export function resolvedId(id: string, createdIds: ReadonlyMap<string, string>): string | null {
  return id.startsWith('#') ? (createdIds.get(id.slice(1)) ?? null) : id;
}

/** Results of a `/set` call, object by object. */
export class SetResults {
  readonly #done = {
    created: new Map<string, JsonValue>(),
    updated: new Map<string, JsonValue>(),
    destroyed: new Set<string>(),
  };
  readonly #refused = {
    notCreated: new Map<string, JsonObject>(),
    notUpdated: new Map<string, JsonObject>(),
    notDestroyed: new Map<string, JsonObject>(),
  };

  /** Records what the server set in a new object. */
  created(creationId: string, object: JsonObject): void {
    this.#done.created.set(creationId, object);
  }

  /** Records an update. @param others  Properties that are not what the client asked for. */
  updated(id: string, others: JsonObject | null = null): void {
    this.#done.updated.set(id, others);
  }

  /** Records a removal. */
  destroyed(id: string): void {
    this.#done.destroyed.add(id);
  }

  /** Records a refusal. @throws every error that is none. */
  refused(kind: 'notCreated' | 'notUpdated' | 'notDestroyed', id: string, error: unknown): void {
    if (!(error instanceof SetError)) throw error;
    this.#refused[kind].set(id, error.response);
  }

  /** Returns the response of the call. */
  response(context: MailContext, oldState: ModSeq, newState: ModSeq): JsonObject {
    return this.responseOf(context, writeState(oldState), writeState(newState));
  }

  /** Returns the response of the call, for objects with states of their own. */
  responseOf({ accountId }: MailContext, oldState: string, newState: string): JsonObject {
    const { created, updated, destroyed } = this.#done;
    const orNull = (members: ReadonlyMap<string, JsonValue>): JsonObject | null =>
      members.size === 0 ? null : jsonObject(members);
    return {
      accountId,
      oldState,
      newState,
      created: orNull(created),
      updated: orNull(updated),
      destroyed: destroyed.size === 0 ? null : [...destroyed],
      notCreated: orNull(this.#refused.notCreated),
      notUpdated: orNull(this.#refused.notUpdated),
      notDestroyed: orNull(this.#refused.notDestroyed),
    };
  }
}
