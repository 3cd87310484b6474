import { parseBase64 } from '#lib/codecs';
import { Arguments, isJsonObject, jsonObject, MethodError, SetError, type JsonObject, type JsonValue } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { blobUri } from './blob-capability.ts';
import type { BlobContent } from './blob-content.ts';
import { BlobReads } from './blob-reads.ts';
import { accountOf, type MailContext } from './mail-context.ts';

/** Blob/upload (RFC 9404 §4.1): makes blobs of texts, base64 and ranges of other blobs, also of those that the call makes. */
export const blobUpload: JmapMethod<MailContext> = {
  name: 'Blob/upload',
  capability: blobUri,
  run: async (args, context, { createdIds }) => {
    accountOf(args, context);
    if (context.isReadOnly) throw new MethodError('accountReadOnly', 'this login may read mail only');
    const create = new Map(Object.entries(args.object('create')));
    args.end();
    const { maxObjectsInSet } = context.limits;
    if (create.size > maxObjectsInSet)
      throw new MethodError('requestTooLarge', `at most ${maxObjectsInSet} objects in one call`);
    const reads = new BlobReads(context, createdIds);
    const created = new Map<string, JsonObject>();
    const refused = new Map<string, JsonObject>();
    for (const creationId of inOrder(create)) {
      try {
        const object = await uploaded(create.get(creationId) ?? null, context, reads);
        created.set(creationId, object);
        createdIds.set(creationId, object.id);
      } catch (error) {
        if (!(error instanceof SetError)) throw error;
        refused.set(creationId, error.response);
      }
    }
    return {
      accountId: context.accountId,
      // Blobs have no state.
      oldState: null,
      created: created.size === 0 ? null : jsonObject(created),
      notCreated: refused.size === 0 ? null : jsonObject(refused),
    };
  },
};

/** Returns creation ids such that each follows those that it refers to; of a circle, one comes first, and what it refers to is unknown. */
function inOrder(create: ReadonlyMap<string, JsonValue>): string[] {
  const order = new Set<string>();
  const begun = new Set<string>();
  // A stack of its own: a chain of references may be as long as a call.
  const waiting = [...create.keys()].toReversed();
  for (let id; (id = waiting.pop()) !== undefined;) {
    if (order.has(id)) continue;
    const missing = begun.has(id) ? [] : referencesOf(create.get(id)).filter((other) => create.has(other));
    begun.add(id);
    const open = missing.filter((other) => !order.has(other) && !begun.has(other));
    if (open.length === 0) order.add(id);
    else waiting.push(id, ...open);
  }
  return [...order];
}

function referencesOf(object: JsonValue | undefined): string[] {
  const data = isJsonObject(object) ? (object['data'] ?? null) : null;
  return (Array.isArray(data) ? (data as readonly JsonValue[]) : []).flatMap((source) => {
    const blobId = isJsonObject(source) ? source['blobId'] : null;
    return typeof blobId === 'string' && blobId.startsWith('#') ? [blobId.slice(1)] : [];
  });
}

/** A blob that was made, as the response names it. */
type UploadedBlob = JsonObject & { readonly id: string };

/** Makes the blob of one UploadObject. @throws SetError. */
async function uploaded(value: JsonValue, context: MailContext, reads: BlobReads): Promise<UploadedBlob> {
  const { account, limits, uploads } = context;
  const { data, type } = readUpload(value);
  if (data.length > limits.maxDataSources)
    throw new SetError('tooLarge', `a blob is made of at most ${limits.maxDataSources} sources`);
  const sources: DataSource[] = [];
  for (const [i, one] of data.entries()) sources.push(await dataSource(one, `data/${i}`, reads));
  const sizeBytes = sources.reduce((sum, { start, end }) => sum + end - start, 0);
  const taken =
    sizeBytes > limits.maxSizeUpload ? null : await uploads.take(account, chunksOf(sources), limits.maxSizeUpload);
  if (taken === null) throw new SetError('tooLarge', `a blob has at most ${limits.maxSizeUpload} octets`);
  return { id: taken.id, type, size: taken.sizeBytes };
}

/** A range of bytes. */
interface DataSource {
  readonly content: Uint8Array | BlobContent;
  readonly start: number;
  readonly end: number;
}

async function* chunksOf(sources: readonly DataSource[]): AsyncGenerator<Uint8Array> {
  for (const { content, start, end } of sources) {
    if (content instanceof Uint8Array) yield content.subarray(start, end);
    else if (end > start) yield* content.stream(start, end);
  }
}

/** Reads a DataSourceObject. @throws SetError: a client's intent is never guessed. */
async function dataSource(value: JsonValue, path: string, reads: BlobReads): Promise<DataSource> {
  const { text, base64, blobId, offset, length } = readSource(value, path);
  const given = [text, base64, blobId].filter((one) => one !== null);
  if (given.length !== 1 || (blobId === null && (offset !== null || length !== null)))
    throw invalid(path, 'data:asText, data:asBase64, or a blobId with offset and length is expected');
  if (blobId === null) {
    const bytes = text === null ? base64Bytes(base64 ?? '', path) : textBytes(text, path);
    return { content: bytes, start: 0, end: bytes.length };
  }
  const found = await reads.find(blobId);
  if (found === null) throw new SetError('blobNotFound', 'there is no such blob', [], { notFound: [blobId] });
  const { content } = found;
  const start = offset ?? 0;
  const end = start + (length ?? Math.max(0, content.sizeBytes - start));
  if (end > content.sizeBytes) throw invalid(path, `the blob has ${content.sizeBytes} octets`);
  reads.countRange(content, start, end);
  return { content, start, end };
}

function textBytes(text: string, path: string): Uint8Array {
  if (!text.isWellFormed()) throw invalid(path, 'the text is no valid Unicode');
  return new TextEncoder().encode(text);
}

function base64Bytes(text: string, path: string): Uint8Array {
  const parsed = parseBase64(text);
  if (!parsed.ok) throw invalid(path, `${parsed.reason} (at ${parsed.at})`);
  return parsed.value;
}

interface Source {
  readonly text: string | null;
  readonly base64: string | null;
  readonly blobId: string | null;
  readonly offset: number | null;
  readonly length: number | null;
}

function readSource(value: JsonValue, path: string): Source {
  return read(value, path, (args) => ({
    text: args.text('data:asText', null),
    base64: args.text('data:asBase64', null),
    blobId: args.text('blobId', null),
    offset: args.unsigned('offset', null),
    length: args.unsigned('length', null),
  }));
}

function readUpload(value: JsonValue): { readonly data: readonly JsonValue[]; readonly type: string | null } {
  const { data, type } = read(value, '', (args) => ({ data: args.value('data'), type: args.text('type', null) }));
  if (!Array.isArray(data)) throw invalid('data', 'an array is expected');
  return { data: data as readonly JsonValue[], type };
}

/** Reads the members of an object. @throws SetError invalidProperties. */
function read<T>(value: JsonValue, path: string, members: (args: Arguments) => T): T {
  if (!isJsonObject(value)) throw invalid(path === '' ? 'data' : path, 'an object is expected');
  const args = new Arguments(value);
  try {
    const found = members(args);
    args.end();
    return found;
  } catch (error) {
    if (!(error instanceof MethodError)) throw error;
    const names = error.response['arguments'];
    const [name = ''] = Array.isArray(names) ? names.map(String) : [];
    throw new SetError('invalidProperties', error.message, [path === '' ? name : `${path}/${name}`]);
  }
}

function invalid(property: string, reason: string): SetError {
  return new SetError('invalidProperties', `${property}: ${reason}`, [property]);
}
