/** The C library's `malloc_trim(3)`; null where there is none, as off Linux with glibc, or where this Node cannot call it. */
type Trim = () => void;

let known: Trim | null | undefined;

/**
 * Gives what the C library has free back to the system; does nothing where it cannot.
 * Node reads sockets into buffers of the C library's heap, which shrinks by itself only at its end: after a flood of small writes 70 MB stayed
 * that nothing used. Blocks for about 1 ms per 4 MB given back.
 */
export function trimNativeHeap(): void {
  if (known === undefined) known = findTrim();
  known?.();
}

function findTrim(): Trim | null {
  if (process.platform !== 'linux') return null;
  const warn = Object.getOwnPropertyDescriptor(process, 'emitWarning') ?? {};
  try {
    // Users can do nothing about the warning that the module is experimental; should it change, the server goes on without it.
    process.emitWarning = () => undefined;
    const library = process
      .getBuiltinModule('node:ffi')
      ?.dlopen('libc.so.6', { malloc_trim: { arguments: ['uint64'], return: 'int32' } });
    if (library === undefined) return null;
    return () => void library.functions.malloc_trim(0n);
  } catch {
    return null;
  } finally {
    Object.defineProperty(process, 'emitWarning', warn);
  }
}
