import type { z } from 'zod';
import { Mutex } from '#lib/mutex';
import { allOperations } from './all-operations.ts';
import { OperationRefused } from './arguments.ts';
import type { Caller, Operation } from './define-operation.ts';

type AnyOperation = (typeof allOperations)[number];

/** Name of an operation, such as `account.add`. */
export type OperationName = AnyOperation['name'];
type Named<Name extends OperationName> = Extract<AnyOperation, { readonly name: Name }>;
/** Arguments of an operation, as a caller writes them. */
export type ArgumentsOf<Name extends OperationName> = z.input<Named<Name>['args']>;
/** Result of an operation. */
export type ResultOf<Name extends OperationName> = z.output<Named<Name>['result']>;
/** Calls an operation, here or in the server at work. @throws Error with words for people. */
export type CallOperation = <Name extends OperationName>(
  name: Name,
  args: ArgumentsOf<Name>,
) => Promise<ResultOf<Name>>;

/** Everything that some operation needs: what each declares, together. */
export type OperationsDeps = AnyOperation extends {
  readonly call: (deps: infer Deps, args: unknown) => Promise<unknown>;
}
  ? Deps
  : never;

const byName: ReadonlyMap<string, Operation<string, z.ZodRawShape, z.ZodType, OperationsDeps>> = new Map(
  allOperations.map((operation) => [operation.name, operation]),
);

/** Runs operations by name. */
export class Operations {
  readonly #deps: OperationsDeps;
  readonly #mutex = new Mutex();

  constructor(deps: OperationsDeps) {
    this.#deps = deps;
  }

  /**
   * Runs one operation; exclusive ones wait for each other.
   * @returns a JSON value, of the schema that the operation declares.
   * @throws OperationRefused, or another Error with words for people, when it cannot be done.
   */
  async run(name: string, args: unknown, caller: Caller): Promise<unknown> {
    const operation = byName.get(name);
    if (operation === undefined) {
      throw new OperationRefused(`unknown command ${name}; there are ${[...byName.keys()].join(', ')}`);
    }
    requirePermission(operation, args, caller);
    if (!operation.isExclusive) return await operation.call(this.#deps, args);
    return await this.#mutex.run(() => operation.call(this.#deps, args));
  }
}

/** @throws OperationRefused when the caller is not permitted to do it, or to do it to this account. */
function requirePermission(
  { name, permission }: Pick<Operation, 'name' | 'permission'>,
  args: unknown,
  caller: Caller,
): void {
  if (caller.kind === 'operator') return;
  if (permission === 'operator') throw new OperationRefused(`${name} is for operators only`);
  const { ownAccount } = permission;
  const given: unknown = typeof args === 'object' && args !== null ? Reflect.get(args, ownAccount) : undefined;
  if (typeof given === 'string' && given.toLowerCase() === caller.name) return;
  throw new OperationRefused(`${ownAccount} must be ${caller.name}: other accounts are for operators only`);
}
