/** Operations of clients, peers, operators and the server itself on a store. */
export type Operation =
  | 'deliver'
  | 'append'
  /** Messages that are added as Email/set of JMAP adds them: several in several mailboxes, in one transaction. */
  | 'compose'
  | 'look'
  | 'store'
  | 'move'
  | 'copy'
  | 'expunge'
  | 'enqueue'
  | 'operate'
  | 'lookAtQueue'
  | 'createMailbox'
  /** A mailbox that is made, filled, renamed and removed. */
  | 'folder'
  /** An account that is made, filled and removed. */
  | 'guest'
  /** A list by header fields, which are kept in blocks. */
  | 'headers'
  | 'wait'
  | 'sweep'
  | 'fillDisk';

/** A way that mail takes, as a mixture of operations. */
export interface Path {
  readonly weights: Readonly<Partial<Record<Operation, number>>>;
  /** Part of the messages whose bodies are files; 0.35 when left out. */
  readonly largeShare?: number;
  /** The power goes at these steps only. */
  readonly at?: RegExp;
  /** Number of restarts; 0 when left out. */
  readonly restarts?: number;
  /** The power goes again while the server starts after it went. */
  readonly cutsStart?: boolean;
  /** The store is one of the first release, which is brought to today's form. */
  readonly isOld?: boolean;
}

const ordinary: Path['weights'] = {
  deliver: 16,
  append: 12,
  look: 18,
  store: 10,
  move: 8,
  copy: 4,
  expunge: 6,
  enqueue: 10,
  operate: 7,
  lookAtQueue: 3,
  createMailbox: 1,
  wait: 3,
  sweep: 2,
};
const comingAndGoing: Path['weights'] = { ...ordinary, folder: 10, guest: 8, headers: 6 };

/** The paths whose power cuts are counted apart. */
export const paths = {
  /** Operations of an ordinary day. */
  ordinary: { weights: ordinary },
  /** That, while mailboxes and accounts come and go. */
  everything: { weights: comingAndGoing },
  delivery: { weights: { deliver: 60, look: 25, store: 5, sweep: 5, wait: 5 } },
  /** MULTIAPPEND, with keywords. */
  append: { weights: { append: 60, look: 25, store: 10, sweep: 5 } },
  compose: { weights: { compose: 60, look: 25, expunge: 10, sweep: 5 } },
  /** Flags, which are packed in blocks. */
  flags: { weights: { append: 20, store: 50, look: 25, copy: 5 } },
  /** COPY and MOVE, in one transaction and in steps. */
  transfer: { weights: { deliver: 10, append: 15, copy: 20, move: 25, look: 25, sweep: 5 } },
  expunge: { weights: { deliver: 20, append: 20, expunge: 30, look: 20, copy: 5, sweep: 5 } },
  /** Mailboxes are renamed, and removed with all that is in them. */
  mailboxes: { weights: { folder: 65, append: 10, copy: 5, look: 15, sweep: 5 } },
  accounts: { weights: { guest: 65, deliver: 15, look: 15, sweep: 5 } },
  /** Blocks of header fields. */
  headers: { weights: { append: 25, headers: 40, expunge: 10, move: 5, look: 20 } },
  queue: { weights: { enqueue: 35, operate: 30, lookAtQueue: 20, wait: 15 } },
  /** Bodies that are files, on all their ways. */
  blobs: {
    weights: { deliver: 15, append: 10, folder: 5, look: 20, copy: 10, expunge: 10, enqueue: 15, wait: 5, sweep: 10 },
    largeShare: 1,
  },
  /** The log of a database goes into its file, and pages that are not used are given back. */
  checkpoint: { weights: { ...comingAndGoing, expunge: 12 }, at: /(?:account|server)\.db$/ },
  /** The disk is full for a while. */
  fullDisk: { weights: { ...comingAndGoing, fillDisk: 12 } },
  /** The server stops and starts, and the power goes again while it starts after it went. */
  restart: { weights: { ...comingAndGoing, folder: 20, guest: 15 }, restarts: 2, cutsStart: true },
  /** A store of the first release is opened. */
  upgrade: { weights: { look: 60, append: 20, headers: 20 }, isOld: true },
} as const satisfies Record<string, Path>;

/** The name of a path. */
export type PathName = keyof typeof paths;
