/**
 * Checks the layer rules of ARCHITECTURE.md over import specifiers: arrows point down, folders are entered by their door,
 * relative imports stay inside their folder, Node's built-ins stay in the layers that may touch the machine, and no cycles between folders.
 */
import { importsOf } from './imports.ts';
import type { SourceFile } from './source-files.ts';

const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib'],
  ports: ['lib', 'ports'],
  proto: ['lib', 'ports', 'proto'],
  mail: ['lib', 'ports', 'mail'],
  host: ['lib', 'ports', 'host'],
  server: ['lib', 'ports', 'proto', 'mail', 'host', 'server'],
  cli: ['lib', 'ports', 'proto', 'mail', 'host', 'server', 'cli'],
  testing: ['lib', 'ports', 'proto', 'mail', 'host', 'server', 'testing'],
};

/** Protocols' own formats in `lib`, which a layer that knows no protocols may not use: IMAP's texts are made of descriptions in `server`. */
const protocolLibs: Readonly<Record<string, ReadonlySet<string>>> = { mail: new Set(['imap']) };

/** Modules of `lib` that need hashes or keys that WebCrypto lacks. */
const cryptoLibs = new Set(['sasl', 'dkim', 'arc', 'dane', 'acme', 'jose']);

/** Which packages from npm may be imported where: each sits behind one folder. */
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  tr46: ['src/lib/domain/'],
  pg: ['src/testing/postgres/'],
  '@peculiar/x509': ['src/host/certificates/'],
  'reflect-metadata': ['src/host/certificates/'],
  yaml: ['src/mail/config/'],
  zod: ['src/mail/config/', 'src/server/operations/'],
  commander: ['src/cli/'],
  hono: ['src/server/http/'],
  ws: ['src/host/http-server/'],
};

/** @returns one line per broken rule: path, import and reason. */
export function checkLayers(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  const edges = new Map<string, Set<string>>();
  for (const file of files.filter(({ path }) => path.startsWith('src/'))) {
    const isTest = /\.(test|contract)\.ts$/.test(file.path);
    for (const specifier of importsOf(file.text)) {
      const reason = isTest ? testProblem(file.path, specifier) : problem(file.path, specifier);
      if (reason !== null) violations.push(`${file.path}: '${specifier}': ${reason}`);
      const target = /^#(\w+)\/([^/]+)/.exec(specifier);
      if (target !== null && !isTest && target[1] !== 'ports' && !file.path.startsWith('src/ports/')) {
        const from = folderOf(file.path);
        const to = `${target[1]}/${target[2]}`;
        if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
      }
    }
  }
  return [...violations, ...cycles(edges)];
}

function folderOf(path: string): string {
  return path.split('/').slice(1, 3).join('/');
}

function problem(path: string, specifier: string): string | null {
  const layer = path.split('/')[1] ?? '';
  const allowed = mayImport[layer];
  if (allowed === undefined) return `unknown layer ${layer}`;
  if (specifier.startsWith('node:')) return builtinProblem(path, layer, specifier);
  if (specifier.startsWith('.')) return relativeProblem(path, specifier);
  const alias = /^#(\w+)\//.exec(specifier);
  if (alias !== null) {
    const library = /^#lib\/([^/]+)/.exec(specifier)?.[1] ?? '';
    if (protocolLibs[layer]?.has(library) === true) return `layer ${layer} may not use the formats of ${library}`;
    return allowed.includes(alias[1] ?? '') ? null : `layer ${layer} may not import ${alias[1]}`;
  }
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0];
  const homes = packageHomes[name ?? ''];
  if (homes === undefined) return 'package without a home in tools/check-layers.ts';
  return homes.some((home) => path.startsWith(home)) ? null : `package belongs behind ${homes.join(' or ')}`;
}

function builtinProblem(path: string, layer: string, specifier: string): string | null {
  if (layer === 'host' || layer === 'cli' || layer === 'testing') return null;
  if (layer === 'server' && ['node:process', 'node:path', 'node:crypto'].includes(specifier)) return null;
  if (layer === 'mail' && ['node:crypto', 'node:zlib'].includes(specifier)) return null;
  if (layer === 'lib' && specifier === 'node:crypto' && cryptoLibs.has(path.split('/')[2] ?? '')) return null;
  return `layer ${layer} may not use ${specifier}`;
}

function relativeProblem(path: string, specifier: string): string | null {
  const parts = path.split('/').slice(0, -1);
  for (const step of specifier.split('/').slice(0, -1)) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  const module = path
    .split('/')
    .slice(0, path.startsWith('src/ports/') || path.startsWith('src/cli/') ? 2 : 3)
    .join('/');
  if (!`${parts.join('/')}/`.startsWith(`${module}/`) && !module.endsWith('.ts'))
    return 'a relative import leaves its folder; use the door';
  return /\.(?:ts|mjs)$/.test(specifier) ? null : 'relative imports name the .ts file';
}

/** Tests may use what they need, but reach other folders by their doors as well. */
function testProblem(path: string, specifier: string): string | null {
  return specifier.startsWith('.') ? relativeProblem(path, specifier) : null;
}

function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (node: string, trail: readonly string[]): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      found.push(`cycle between folders: ${[...trail.slice(trail.indexOf(node)), node].join(' → ')}`);
      return;
    }
    state.set(node, 'open');
    for (const next of edges.get(node) ?? []) visit(next, [...trail, node]);
    state.set(node, 'done');
  };
  for (const node of edges.keys()) visit(node, []);
  return found;
}
