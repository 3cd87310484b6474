import { readFileSync, readdirSync } from 'node:fs';

/** Proportional memory (PSS) in MB of a process and all below it: shared pages count once among those who share them. Linux only. */
export function memoryMb(pid: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /\) \S (\d+)/.exec(readOr(`/proc/${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  let kb = 0;
  for (const process of parents.keys()) {
    if (!isBelow(process, pid, parents)) continue;
    kb += Number(/^Pss:\s+(\d+)/m.exec(readOr(`/proc/${process}/smaps_rollup`))?.[1] ?? 0);
  }
  return kb / 1024;
}

/** Resident memory in MB of one process. Linux only. */
export function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readOr(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

function isBelow(process: number, pid: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = process; at !== undefined && at > 1; at = parents.get(at))
    if (at === pid) return true;
  return false;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
