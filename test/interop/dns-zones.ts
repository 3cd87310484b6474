import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { succeed } from './programs.ts';

/** One zone of a lab. */
export type LabZone =
  | {
      readonly kind: 'zone';
      /** In the form of zone files, with names below the zone; SOA and NS are added. */
      readonly records: readonly string[];
      /**
       * `none`: no signatures, and the parent says so. `good`; `expired`: as it was signed a year ago. A list: everything is signed, but the
       * signatures of these types are not right.
       */
      readonly signatures: 'none' | 'good' | 'expired' | readonly string[];
    }
  /** Its name server never answers. */
  | { readonly kind: 'silent' }
  /** Its name server answers SERVFAIL. */
  | { readonly kind: 'failing' };

/** The zones of a lab by name, without a dot at the end. */
export type LabZones = Readonly<Record<string, LabZone>>;

/** Zones in a folder, ready to be served. */
export interface WrittenZones {
  /** Files of those that can be served, by name; the root is `.`. */
  readonly files: ReadonlyMap<string, string>;
  /** DS record of the root. */
  readonly trustAnchor: string;
}

const yearMs = 365 * 86_400_000;

/** Writes the zones of a lab and a root above them, and signs what is to be signed. Needs `ldnsutils`. */
export async function writeZones(folder: string, zones: LabZones): Promise<WrittenZones> {
  const files = new Map<string, string>();
  const delegations = new Map<string, string[]>();
  const depth = (name: string): number => name.split('.').length;
  // A parent signs what its children gave it.
  for (const name of Object.keys(zones).toSorted((a, b) => depth(b) - depth(a))) {
    const zone = zones[name];
    const ours = [`${name}. NS ns.${name}.`];
    if (zone?.kind === 'zone') {
      const { file, ds } = await writeZone(folder, name, zone, delegations.get(name) ?? []);
      files.set(name, file);
      ours.push(...ds);
    }
    const parent = parentOf(name, zones);
    delegations.set(parent, [...(delegations.get(parent) ?? []), ...ours]);
  }
  const root = { kind: 'zone', records: [], signatures: 'good' } as const;
  const { file, ds } = await writeZone(folder, '', root, delegations.get('') ?? []);
  files.set('.', file);
  return { files, trustAnchor: ds.join('') };
}

/** The zone that a name is delegated from; the root is empty. */
function parentOf(name: string, zones: LabZones): string {
  const labels = name.split('.');
  const above = labels.map((_, i) => labels.slice(i + 1).join('.'));
  return above.find((candidate) => zones[candidate]?.kind === 'zone') ?? '';
}

/** Writes one zone. @returns its file, and the DS record for its parent if it is signed. */
async function writeZone(
  folder: string,
  name: string,
  { records, signatures }: Extract<LabZone, { kind: 'zone' }>,
  delegations: readonly string[],
): Promise<{ readonly file: string; readonly ds: readonly string[] }> {
  const file = join(folder, `${name === '' ? 'root' : name}.zone`);
  await writeFile(file, zoneText(name, [...records, ...delegations]));
  if (signatures === 'none') return { file, ds: [] };
  const { signed, ds } = await signZone(folder, name, file, signatures);
  return { file: signed, ds: [ds] };
}

function zoneText(name: string, records: readonly string[]): string {
  const lines = [`$ORIGIN ${name}.`, '$TTL 60', '@ SOA ns.lab.test. hostmaster.lab.test. 1 3600 600 86400 60'];
  // A name server in a zone that does not exist would lead to more questions.
  return [...lines, '@ NS ns', 'ns A 127.0.0.1', ...records, ''].join('\n');
}

async function signZone(
  folder: string,
  name: string,
  file: string,
  signatures: 'good' | 'expired' | readonly string[],
): Promise<{ readonly signed: string; readonly ds: string }> {
  const keygen = ['-a', 'ECDSAP256SHA256', '-k', '-r', '/dev/urandom', name === '' ? '.' : name];
  const key = (await succeed('ldns-keygen', keygen, { cwd: folder })).stdout.trim();
  const signed = `${file}.signed`;
  const times = signatures === 'expired' ? ['-i', day(Date.now() - yearMs), '-e', day(Date.now() - yearMs / 2)] : [];
  await succeed('ldns-signzone', [...times, '-f', signed, basename(file), key], { cwd: folder });
  if (Array.isArray(signatures)) await writeFile(signed, spoilt(await readFile(signed, 'utf8'), signatures));
  return { signed, ds: (await readFile(join(folder, `${key}.ds`), 'utf8')).trim() };
}

/** A date as `ldns-signzone` wants it. */
function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
}

/** Changes a character in the signatures of some types. */
function spoilt(text: string, types: readonly string[]): string {
  const signature = new RegExp(String.raw`(\sRRSIG\t(?:${types.join('|')}) .* )(\S)(\S+==)$`, 'gm');
  return text.replaceAll(signature, (_, before: string, first: string, rest: string) => {
    return `${before}${first === 'A' ? 'B' : 'A'}${rest}`;
  });
}
