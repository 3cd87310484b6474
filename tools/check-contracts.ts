/**
 * Checks that every port has a contract suite, and that each implementation in `host` and each fake in `testing` is held to it: a test that
 * imports the contract names it.
 */
import type { SourceFile } from './source-files.ts';

/** An exported class, function or constant that is an implementation of a port. */
interface Implementation {
  readonly path: string;
  readonly name: string;
  readonly port: string;
}

/** Layers whose implementations are looked for: the machine's, and those that tests put in its place. */
const implementingLayers = /^src\/(?:host|testing)\//;

/** Ports whose real implementation is not in `host`. */
const homes = new Map([['src/ports/conditions.ts', 'src/server/conditions/']]);

/** Functions that only choose between implementations. */
const choosers = new Set(['storeDatabases', 'serverDatabase']);

/** @returns one line for each port without a contract, and each implementation that no test holds to its contract. */
export function checkContracts(files: readonly SourceFile[]): string[] {
  const ports = files.filter(({ path }) => /^src\/ports\/[^.]+\.ts$/.test(path));
  const violations: string[] = [];
  for (const { path, text } of ports) {
    const contract = path.replace(/\.ts$/, '.contract.ts');
    if (!files.some((file) => file.path === contract)) {
      violations.push(`${path}: has no contract suite ${contract}`);
      continue;
    }
    const found = implementations(files, portsOf(text));
    const tests = files.filter((file) => file.path.endsWith('.test.ts') && importsContract(file, contract));
    const home = homes.get(path) ?? 'src/host/';
    if (!tests.some((file) => file.path.startsWith(home)))
      violations.push(`${path}: no test in ${home} calls the suite of ${contract}`);
    for (const { path: place, name, port } of found) {
      if (!tests.some((file) => new RegExp(`Contract\\([^;]*\\b${name}\\b|'${name}\\b`).test(file.text)))
        violations.push(`${place}: ${name} is a ${port}, and no test of it calls the suite of ${contract}`);
    }
  }
  return violations;
}

/** Names of the interfaces with methods that a port exports: values alone have no contract. */
function portsOf(text: string): string[] {
  const found = text.matchAll(/^export interface (\w+)[^{]*\{\n([^]*?)\n\}/gm);
  return [...found].filter(([, , body = '']) => /^ {2}\w+(?:<[^>]*>)?\(/m.test(body)).map(([, name = '']) => name);
}

/** Finds what implements one of these interfaces, or an interface that extends one of them. */
function implementations(files: readonly SourceFile[], ports: readonly string[]): Implementation[] {
  const inLayers = files.filter(({ path }) => implementingLayers.test(path) && !path.endsWith('.test.ts'));
  const names = [...ports];
  for (const { text } of inLayers)
    for (const [, name = '', bases = ''] of text.matchAll(/^export interface (\w+) extends ([^{]+)/gm))
      if (wordsOf(bases).some((base) => names.includes(base))) names.push(name);
  const one = names.join('|');
  const isSeen = (path: string, name: string): boolean => {
    const door = files.find((file) => file.path === `${path.split('/').slice(0, 3).join('/')}/index.ts`);
    return !choosers.has(name) && (door === undefined || wordsOf(door.text).includes(name));
  };
  const patterns = [
    new RegExp(String.raw`^export class (\w+)[^{]*? implements [^{]*?\b(${one})\b`, 'gm'),
    new RegExp(String.raw`^export const (\w+): (${one}) =`, 'gm'),
    new RegExp(String.raw`^export (?:async )?function (\w+)\([^]*?\n?\): (?:Promise<)?(${one})>? \{`, 'gm'),
  ];
  const found = inLayers.flatMap(({ path, text }) =>
    declarationsOf(text).flatMap((declaration) =>
      patterns.flatMap((pattern) =>
        [...declaration.matchAll(pattern)].map(([, name = '', port = '']) => ({ path, name, port })),
      ),
    ),
  );
  return found.filter(({ path, name }) => isSeen(path, name));
}

/** Cuts a file into its top-level declarations, so that a pattern cannot reach from one into the next. */
function declarationsOf(text: string): string[] {
  return text.split(/\n(?=export |\/\*\*|class |function |const |interface )/);
}

function importsContract({ path, text }: SourceFile, contract: string): boolean {
  const name = contract.slice('src/ports/'.length, -'.ts'.length);
  return text.includes(`'#ports/${name}'`) || (path.startsWith('src/ports/') && text.includes(`'./${name}.ts'`));
}

function wordsOf(text: string): string[] {
  return text.match(/\w+/g) ?? [];
}
