import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { basename } from 'node:path';
import { parseIp } from '#lib/domain';

/** State of a socket that listens, in Linux's tables. */
const listenState = '0A';

/**
 * Names the program that listens on a port, such as `node (process 4711)`. Null where the system does not say: on other systems than Linux, and
 * for processes of other users.
 * @param root  Where Linux shows its processes.
 */
export function portOwner(address: string, port: number, root = '/proc'): string | null {
  const inode = socketInode(address, port, root);
  return inode === null ? null : processWith(`socket:[${inode}]`, root);
}

/** Finds the listening socket that keeps an address from others: its own, or one that takes all addresses. */
function socketInode(address: string, port: number, root: string): string | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found = ['tcp', 'tcp6'].flatMap((table) =>
    read(`${root}/net/${table}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => state === listenState && local.endsWith(suffix))
      .map(([, local = '', , , , , , , , inode = '']) => ({ local: local.slice(0, -suffix.length), inode })),
  );
  const own = inTable(address);
  const exact = found.find(({ local }) => local === own);
  const rival = found.find(({ local }) => isAll(local) || (isAll(own) && local.length === own.length));
  return (exact ?? rival)?.inode ?? null;
}

/** An address as Linux writes it: words of four bytes in the order of the machine. */
function inTable(address: string): string {
  const ip = parseIp(address);
  if (!ip.ok) return '';
  const { bytes } = ip.value;
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(4 * i, 4 * i + 4));
  return words
    .flatMap((word) => [...(endianness() === 'LE' ? word.toReversed() : word)])
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

const isAll = (local: string): boolean => /^0+$/.test(local);

function processWith(socket: string, root: string): string | null {
  for (const pid of list(root).filter((name) => /^\d+$/.test(name))) {
    const holds = list(`${root}/${pid}/fd`).some((fd) => linkOf(`${root}/${pid}/fd/${fd}`) === socket);
    if (holds) return `${programName(read(`${root}/${pid}/cmdline`))} (process ${pid})`;
  }
  return null;
}

/** Names a program by its command line; the script stands for the interpreter's first argument. Other arguments may be secrets. */
function programName(commandLine: string): string {
  const [program = '', script = ''] = commandLine.split('\0');
  const names = [program, ...(/\.(?:[cm]?[jt]s|py|rb|jar|php)$/.test(script) ? [script] : [])];
  const name = names.map((path) => basename(path)).join(' ');
  return name.replaceAll(/[^ -~]/g, '?').slice(0, 60) || 'a program';
}

/** Processes end and belong to others at any moment: what cannot be read is not there. */
function unlessGone<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

const read = (path: string): string => unlessGone(() => readFileSync(path, 'utf8'), '');
const list = (path: string): string[] => unlessGone(() => readdirSync(path), []);
const linkOf = (path: string): string => unlessGone(() => readlinkSync(path), '');
