import { isJsonObject, jsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { SetError } from './method-error.ts';
import { pointerTokens } from './result-reference.ts';

interface Step {
  readonly path: string;
  readonly tokens: readonly string[];
  readonly value: JsonValue;
}

/**
 * Applies a PatchObject (RFC 8620 §5.3) and returns the new object; a property is removed, or set to `defaults`, by null.
 * @throws SetError invalidPatch when a path is within another of the patch, leads into an array, or its parent does not exist.
 */
export function applyPatch(
  object: JsonObject,
  patch: JsonObject,
  defaults: JsonObject = {},
  limits: JmapLimits = jmapLimits,
): JsonObject {
  const paths = Object.keys(patch);
  if (paths.length > limits.maxPatchPaths)
    throw new SetError('invalidPatch', `the patch has more than ${limits.maxPatchPaths} paths`);
  const steps = paths.map((path): Step => {
    // RFC 8620 §5.3: the leading slash is implicit.
    const tokens = pointerTokens(`/${path}`);
    if (tokens === null) throw new SetError('invalidPatch', `${path} is no path`);
    return { path, tokens, value: patch[path] ?? null };
  });
  refuseNested(steps);
  let patched = object;
  for (const { path, tokens, value } of steps) {
    const [first = ''] = tokens;
    const given = value === null && tokens.length === 1 ? (memberOf(defaults, first) ?? null) : value;
    patched = withValue(patched, path, tokens, 0, given);
  }
  return patched;
}

/** RFC 8620 §5.3: no two patches may be such that the path of one is a prefix of the other's. */
function refuseNested(steps: readonly Step[]): void {
  const keys = steps.map(({ tokens }) => tokens.map((token) => `${JSON.stringify(token)}/`).join('')).toSorted();
  for (const [i, key] of keys.entries()) {
    if (i > 0 && key.startsWith(keys[i - 1] ?? '')) throw new SetError('invalidPatch', 'paths lie within each other');
  }
}

function withValue(
  object: JsonObject,
  path: string,
  tokens: readonly string[],
  at: number,
  value: JsonValue,
): JsonObject {
  const token = tokens[at] ?? '';
  if (at === tokens.length - 1) {
    const others = Object.entries(object).filter(([name]) => name !== token);
    return jsonObject(value === null ? others : [...others, [token, value]]);
  }
  const member = memberOf(object, token);
  if (!isJsonObject(member)) throw new SetError('invalidPatch', `${path}: there is no object at ${token}`);
  return jsonObject([...Object.entries(object), [token, withValue(member, path, tokens, at + 1, value)]]);
}
