import { z } from 'zod';
import { parseArguments } from './arguments.ts';

/** The caller of an operation. An account has its name as `account.list` gives it. */
export type Caller = { readonly kind: 'operator' } | { readonly kind: 'account'; readonly name: string };

/** The caller that may do everything: the control socket answers no other caller. */
export const operator: Caller = { kind: 'operator' };

/** Permission to call: operators alone, or also an account about itself, which the named argument must be. */
export type Permission<Argument extends string = string> = 'operator' | { readonly ownAccount: Argument };

/** The command of the CLI that runs an operation, such as `queue hold`; or the reason why there is none. */
export type CliCommand = string | { readonly none: string };

/** Declaration of one operation: everything that the control socket, the CLI and HTTP need to offer it. */
interface Declaration<Name extends string, Shape extends z.ZodRawShape, Result extends z.ZodType, Deps> {
  /** `group.verb`, never changed once released: clients of the control socket send it. */
  readonly name: Name;
  /** One imperative sentence without its full stop, for lists and documents. */
  readonly summary: string;
  readonly permission: Permission<keyof Shape & string>;
  /** It looks before it changes, so that two at once could both find a name free: only one such operation runs at a time. Default: false. */
  readonly isExclusive?: boolean;
  readonly command: CliCommand;
  /** Arguments by name, made with the functions of arguments.ts, each with its text. */
  readonly args: Shape;
  readonly result: Result;
  /** Does the work. Takes of the server's parts what it declares, and arguments that were checked. @throws OperationRefused. */
  readonly run: (deps: Deps, args: ArgumentsOf<Shape>) => Promise<z.output<Result>>;
}

/** Arguments as a handler gets them. */
type ArgumentsOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape, z.core.$strict>>;

/** One operation. */
export interface Operation<
  Name extends string = string,
  Shape extends z.ZodRawShape = z.ZodRawShape,
  Result extends z.ZodType = z.ZodType,
  Deps = never,
> {
  readonly name: Name;
  readonly summary: string;
  readonly permission: Permission;
  readonly isExclusive: boolean;
  readonly command: CliCommand;
  /** Schema of the arguments, which are an object and nothing else than declared. */
  readonly args: z.ZodObject<Shape, z.core.$strict>;
  /** Schema of the result, which JSON can hold. */
  readonly result: Result;
  /** Checks the arguments and does the work. @throws OperationRefused, or another Error with words for people. */
  readonly call: (deps: Deps, args: unknown) => Promise<z.output<Result>>;
}

/** Declares an operation. Types of arguments, result and dependencies follow from what is declared. */
export function defineOperation<
  const Name extends string,
  Shape extends z.ZodRawShape,
  Result extends z.ZodType,
  Deps = unknown,
>(declaration: Declaration<Name, Shape, Result, Deps>): Operation<Name, Shape, Result, Deps> {
  const { name, summary, permission, isExclusive = false, command, result, run } = declaration;
  const args = z.strictObject(declaration.args);
  const call = async (deps: Deps, given: unknown): Promise<z.output<Result>> => {
    return await run(deps, parseArguments(args, given));
  };
  return { name, summary, permission, isExclusive, command, args, result, call };
}
