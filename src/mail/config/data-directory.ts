import { isMap, isScalar, parseDocument } from 'yaml';
import type { ConfigFile } from './document.ts';
import { serverSchema } from './server-schema.ts';

const setting = 'dataDirectory';
/** Matches the setting on its own line, for files in which an earlier mistake hides it from the YAML parser. */
const settingLine = /^dataDirectory[ \t]*:.*$/m;

/**
 * Reads the data directory from a `server.yaml` that may have any other mistakes, even in its YAML.
 * @returns the path as written, or the default; null when the file sets it twice or to something other than a path.
 */
export function dataDirectoryOf({ text }: ConfigFile): string | null {
  const { values, isBroken } = valuesIn(text);
  if (values.length > 1) return null;
  const hidden = values.length === 0 && isBroken ? settingLine.exec(text)?.[0] : undefined;
  const [value] = hidden === undefined ? values : valuesIn(hidden).values;
  const result = serverSchema.shape.dataDirectory.safeParse(value);
  return result.success && result.data !== '' ? result.data : null;
}

function valuesIn(text: string): { readonly values: readonly unknown[]; readonly isBroken: boolean } {
  const { contents, errors } = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  const pairs = isMap(contents) ? contents.items.filter(({ key }) => isScalar(key) && key.value === setting) : [];
  const values = pairs.map(({ value }) => (isScalar(value) ? value.value : value));
  return { values, isBroken: errors.length > 0 };
}
