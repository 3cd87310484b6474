/** The module that an import names. */
interface FoundModule {
  readonly url: string;
  readonly format: 'module' | 'commonjs' | 'module-typescript';
}

export function useFastResolve(): void;
export function fastResolver(root: URL): (specifier: string, parentURL: string) => FoundModule | null;
