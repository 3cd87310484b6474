import { readFileSync } from 'node:fs';
import { print } from '../terminal.ts';

/** Prints versions. @returns the exit code. */
export async function version(): Promise<number> {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const own =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?';
  const { node, sqlite = '?', openssl } = process.versions;
  print(`godwit ${own}`, `node ${node}, SQLite ${sqlite}, OpenSSL ${openssl}, ${process.platform} ${process.arch}`);
  return 0;
}
