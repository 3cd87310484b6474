import {
  allOperations,
  operator,
  Operations,
  type ArgumentsOf,
  type OperationName,
  type ResultOf,
} from '#server/operations';

type OperationsDeps = ConstructorParameters<typeof Operations>[0];

/** Runs an operation for a test: with the types of its declaration where the arguments fit it, and without for those that do not. */
export interface CheckedRun {
  <Name extends OperationName>(name: Name, args?: ArgumentsOf<Name>): Promise<ResultOf<Name>>;
  (name: string, args: unknown): Promise<unknown>;
}

/** Runs operations on the parts of a test; each result must be what its declaration says, as JSON carries it. */
export function checkedRun(deps: Omit<OperationsDeps, 'running'>): CheckedRun {
  const operations = new Operations({ ...deps, running: null });
  const results = new Map<string, { parse(value: unknown): unknown }>(
    allOperations.map(({ name, result }) => [name, result]),
  );
  const run = async (name: string, args: unknown = {}): Promise<unknown> => {
    const result: unknown = JSON.parse(JSON.stringify(await operations.run(name, args, operator)));
    return results.get(name)?.parse(result);
  };
  return run as CheckedRun;
}
