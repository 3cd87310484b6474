import type { Notify } from '#lib/smtp';

/** Options of a caller for one message. */
export interface SendRequest {
  /** Recipients as given, one address or list each. */
  readonly recipients: readonly string[];
  /** `-t`: recipients are in the header as well. */
  readonly fromHeader: boolean;
  /** `-f`, `-r`: envelope sender as given; null when not given, empty for the null sender. */
  readonly sender: string | null;
  /** `-F`: full name of the sender. */
  readonly fullName: string | null;
  readonly notify: Notify | null;
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
}

/** Meaning of a command line. */
export type SendmailCommand =
  | {
      readonly kind: 'send';
      readonly request: SendRequest;
      /** A line with only a dot does not end the message. */
      readonly ignoreDots: boolean;
      readonly verbose: boolean;
      readonly configFile: string | null;
    }
  /** Sends what waits in the spool; `all`: also what is not due yet and what was refused. */
  | { readonly kind: 'flush'; readonly all: boolean; readonly verbose: boolean; readonly configFile: string | null }
  | { readonly kind: 'list'; readonly configFile: string | null }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string };

/** Letters whose value may stand in the next argument, as sendmail and its look-alikes have them. */
const withValue = new Set('ABCDFLNORVXbefhopr');
/** Letters whose value can only be attached. */
const withAttachedValue = new Set('dqM');
/** Values of `-b` other than `m`, for the message that refuses them. */
const otherModes: Readonly<Record<string, string>> = {
  s: 'speaking SMTP on standard input (-bs) is not supported: give the message itself, or connect to the server',
  d: 'sendmail is no server here (-bd): start godwit serve',
  D: 'sendmail is no server here (-bD): start godwit serve',
  i: 'there is no alias file to rebuild (-bi)',
  v: 'addresses cannot be verified without sending (-bv)',
  t: 'there are no rewriting rules to test (-bt)',
};

/** Never part of an address or a name: where they occur, a program passes on what a stranger typed. */
// oxlint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f]/;

interface Draft {
  readonly recipients: string[];
  fromHeader: boolean;
  sender: string | null;
  fullName: string | null;
  notify: Notify | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  ignoreDots: boolean;
  verbose: boolean;
  configFile: string | null;
  mode: 'send' | 'flush' | 'list' | 'help';
  all: boolean;
  queueRun: boolean;
}

/**
 * Reads the arguments as cron, PHP, git and mailx give them: clusters (`-ti`), values attached or in the next argument, options after
 * recipients, `--`. What we have no use for is ignored, with its value; what would mean something else than sending is refused.
 */
export function parseSendmailArguments(args: readonly string[]): SendmailCommand {
  const draft: Draft = {
    recipients: [],
    fromHeader: false,
    sender: null,
    fullName: null,
    notify: null,
    ret: null,
    envid: null,
    ignoreDots: false,
    verbose: false,
    configFile: null,
    mode: 'send',
    all: false,
    queueRun: false,
  };
  const broken = args.find((arg) => controls.test(arg));
  if (broken !== undefined)
    return {
      kind: 'wrong',
      reason: `${JSON.stringify(broken.slice(0, 100))} has a line break or another control character`,
    };
  for (let at = 0; at < args.length;) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      draft.recipients.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      draft.recipients.push(arg);
      at += 1;
      continue;
    }
    const taken = arg.startsWith('--') ? longOption(draft, arg, args[at + 1]) : shortOptions(draft, arg, args[at + 1]);
    if (typeof taken === 'string') return { kind: 'wrong', reason: taken };
    at += taken;
  }
  return commandOf(draft);
}

function commandOf(draft: Draft): SendmailCommand {
  const { configFile, verbose, all, ignoreDots, recipients, fromHeader, sender, fullName, notify, ret, envid } = draft;
  const isQueueRun = draft.queueRun && recipients.length === 0 && !fromHeader;
  if (draft.mode === 'help') return { kind: 'help' };
  if (draft.mode === 'list') return { kind: 'list', configFile };
  if (draft.mode === 'flush' || isQueueRun) return { kind: 'flush', all, verbose, configFile };
  if (recipients.length === 0 && !fromHeader)
    return { kind: 'wrong', reason: 'no recipients: name them, or use -t to take them from the header' };
  const request: SendRequest = { recipients, fromHeader, sender, fullName, notify, ret, envid };
  return { kind: 'send', request, ignoreDots, verbose, configFile };
}

/** @returns how many arguments were used, or what is wrong. */
function longOption(draft: Draft, arg: string, next: string | undefined): number | string {
  const [name = '', ...rest] = arg.slice(2).split('=');
  const attached = rest.length === 0 ? undefined : rest.join('=');
  switch (name) {
    case 'config': {
      const value = attached ?? next;
      if (value === undefined || value === '') return '--config needs a file';
      draft.configFile = value;
      return attached === undefined ? 2 : 1;
    }
    case 'flush':
      draft.mode = 'flush';
      return 1;
    case 'all':
      draft.all = true;
      return 1;
    case 'help':
      draft.mode = 'help';
      return 1;
    case 'read-recipients':
      draft.fromHeader = true;
      return 1;
    default:
      return 1;
  }
}

/** One argument with a dash: a cluster of flags, of which the last may have a value. */
function shortOptions(draft: Draft, arg: string, next: string | undefined): number | string {
  for (let i = 1; i < arg.length; i += 1) {
    const letter = arg.charAt(i);
    const attached = arg.slice(i + 1);
    if (withAttachedValue.has(letter)) {
      if (letter === 'q') draft.queueRun = true;
      return 1;
    }
    if (withValue.has(letter)) {
      const value = attached === '' ? next : attached;
      if (value === undefined) return `-${letter} needs a value`;
      const wrong = takeValue(draft, letter, value);
      // Callers written for Exim set facts of the message as -oMr and a word of its own.
      const isFact = letter === 'o' && /^M(?:a|aa|ai|as|i|m|s|t|r)$/.test(attached);
      return wrong ?? (attached === '' || isFact ? 2 : 1);
    }
    if (letter === 't') draft.fromHeader = true;
    else if (letter === 'i') draft.ignoreDots = true;
    else if (letter === 'v') draft.verbose = true;
    else if (!/[GIUcmnsxT]/.test(letter)) return 1;
  }
  return 1;
}

/** @returns what is wrong, null when nothing. */
function takeValue(draft: Draft, letter: string, value: string): string | null {
  switch (letter) {
    case 'f':
    case 'r':
      draft.sender = value;
      return null;
    case 'F':
      draft.fullName = value;
      return null;
    case 'o':
      if (value === 'i') draft.ignoreDots = true;
      return null;
    case 'b':
      return takeMode(draft, value);
    case 'N':
      draft.notify = notifyOf(value);
      return draft.notify === null ? `-N ${value}: write never, or success, failure and delay with commas` : null;
    case 'R': {
      // As a word it is RET; any other value is the old "process these recipients' queue", which means nothing here.
      const word = value.toUpperCase();
      if (word === 'FULL') draft.ret = 'FULL';
      if (word === 'HDRS') draft.ret = 'HDRS';
      return null;
    }
    case 'V':
      return takeEnvid(draft, value);
    default:
      return null;
  }
}

function takeMode(draft: Draft, value: string): string | null {
  if (value === 'm') return null;
  if (value === 'p') {
    draft.mode = 'list';
    return null;
  }
  return otherModes[value] ?? `unknown mode -b${value}`;
}

/** RFC 3461 §4.4: at most 100 characters, printable ASCII. */
function takeEnvid(draft: Draft, value: string): string | null {
  if (!/^[\x20-\x7e]{1,100}$/.test(value)) return '-V needs up to 100 printable characters';
  draft.envid = value;
  return null;
}

/** RFC 3461 §4.1: NEVER stands alone. */
function notifyOf(value: string): Notify | null {
  const words = value.toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') return { success: false, failure: false, delay: false };
  if (!words.every((word) => word === 'success' || word === 'failure' || word === 'delay')) return null;
  return { success: words.includes('success'), failure: words.includes('failure'), delay: words.includes('delay') };
}
