/** A file being written; closed by `close` or by disposal. */
export interface FileWriter extends AsyncDisposable {
  /** Appends all of `bytes`, which must not change until it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything written before the call is on the disk (fdatasync). */
  datasync(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A file open for random access. */
export interface FileReader extends AsyncDisposable {
  /** Size when it was opened. */
  readonly sizeBytes: number;
  /** Bytes from `start` to `end`; shorter only when the file ends before. */
  bytes(start: number, end: number): Promise<Uint8Array>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A file that another writer (SQLite) fills and that we only flush. */
export interface SyncHandle {
  /** Calls `done` when everything in the file at the time of this call is on the disk. Callback and not promise: it is on the path of every commit. */
  datasync(done: (error: Error | null) => void): void;
  /** Names that the file has in the file system: 0 after it was removed. Blocks for a microsecond. */
  linkCount(): number;
  /** First bytes of the file, fewer when it is shorter. Blocks for a microsecond. */
  head(maxBytes: number): Uint8Array;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A file whose bytes are cut off at its end. */
export interface FileCutter {
  /** Size when it was opened. */
  readonly sizeBytes: number;
  /** Number of names that the file has in the file system now: 0 after the last of them was removed. */
  linkCount(): Promise<number>;
  /** Leaves the first `sizeBytes` of the file. */
  cut(sizeBytes: number): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Facts about a file without reading it. */
export interface FileFacts {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isDirectory: boolean;
}

/**
 * The system calls that `Files` is built on, one to one, so that test layers can stand in for Windows or for a power cut.
 * Errors are those of Node, with their `code` (`ENOENT`, `EEXIST`, `EPERM` …).
 */
export interface FileSystem {
  /** True when the rules of Windows hold: directories cannot be synced, open files cannot be replaced. */
  readonly isWindows: boolean;
  readonly separator: '/' | '\\';
  /** Makes a new file (mode 0600). @throws EEXIST when there is one. */
  create(path: string): Promise<FileWriter>;
  /** @throws ENOENT when there is none. */
  open(path: string): Promise<FileReader>;
  /** Opens an existing file for flushing, in a mode in which the system allows it ('r+' on Windows). */
  openForSync(path: string): Promise<SyncHandle>;
  /** Opens an existing file to cut bytes off. @throws ENOENT when there is none. */
  openForCutting(path: string): Promise<FileCutter>;
  /** @throws EEXIST when `to` exists. */
  link(from: string, to: string): Promise<void>;
  /** Copies bytes to a new file, by the file system's clone where it has one; not durable. @throws EEXIST when `to` exists. */
  copy(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes one directory (mode 0700). @throws EEXIST when there is one, ENOENT when its parent is missing. */
  makeDirectory(path: string): Promise<void>;
  /** @throws ENOTEMPTY when something is in it. */
  removeDirectory(path: string): Promise<void>;
  list(path: string): Promise<DirectoryEntry[]>;
  /** @throws ENOENT when there is none. */
  facts(path: string): Promise<FileFacts>;
  /** Space of the file system that holds `path`, for users who are not root; null where the system does not say. */
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null>;
  /** Flushes the entries of a directory. @throws EPERM on Windows. */
  syncDirectory(path: string): Promise<void>;
}
