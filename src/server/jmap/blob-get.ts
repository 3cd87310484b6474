import { createHash } from 'node:crypto';
import { encodeBase64Text, joinBytes } from '#lib/codecs';
import { jsonObject, MethodError, type JsonObject, type JsonValue } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { blobUri, digestAlgorithms } from './blob-capability.ts';
import { BlobReads, nullIfDamaged, type FoundBlob } from './blob-reads.ts';
import { accountOf, idsOf, propertiesOf, type MailContext } from './mail-context.ts';

const dataNames = ['data', 'data:asText', 'data:asBase64'];
const flagNames = ['isEncodingProblem', 'isTruncated'];

/** Blob/get (RFC 9404 §4.2). */
export const blobGet: JmapMethod<MailContext> = {
  name: 'Blob/get',
  capability: blobUri,
  run: async (args, context, { createdIds }) => {
    accountOf(args, context);
    const ids = idsOf(args, context);
    const properties = propertiesOf(args, isBlobProperty, ['data', 'size']);
    const offset = args.unsigned('offset', null) ?? 0;
    const length = args.unsigned('length', null);
    args.end();
    if (ids === null) throw new MethodError('requestTooLarge', 'ids are needed: there may be any number of blobs');
    const reads = new BlobReads(context, createdIds);
    const reader = new BlobsReader(properties, { offset, length }, context, reads);
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    for (const given of ids) {
      const found = await reads.find(given);
      const object = found === null ? null : await reader.object(found).catch(nullIfDamaged);
      if (object === null) notFound.push(given);
      else list.push(object);
    }
    return { accountId: context.accountId, list, notFound };
  },
};

function isBlobProperty(name: string): boolean {
  return name === 'id' || name === 'size' || dataNames.includes(name) || flagNames.includes(name) || isDigest(name);
}

function isDigest(name: string): boolean {
  return name.startsWith('digest:') && digestAlgorithms.has(name.slice('digest:'.length));
}

/** Reads the same range of several blobs, within the limits of a call. */
class BlobsReader {
  readonly #properties: readonly string[];
  readonly #range: { readonly offset: number; readonly length: number | null };
  readonly #context: MailContext;
  readonly #reads: BlobReads;
  readonly #hasData: boolean;
  readonly #digests: readonly string[];
  #sentBytes = 0;

  constructor(
    properties: readonly string[],
    range: { readonly offset: number; readonly length: number | null },
    context: MailContext,
    reads: BlobReads,
  ) {
    this.#properties = properties;
    this.#range = range;
    this.#context = context;
    this.#reads = reads;
    this.#hasData = properties.some((name) => dataNames.includes(name));
    this.#digests = properties.filter(isDigest).map((name) => name.slice('digest:'.length));
  }

  async object({ id, content }: FoundBlob): Promise<JsonObject> {
    const { sizeBytes } = content;
    const { offset, length } = this.#range;
    const start = Math.min(offset, sizeBytes);
    const end = Math.max(start, Math.min(length === null ? sizeBytes : offset + length, sizeBytes));
    const isTruncated = length === null ? offset > sizeBytes : offset + length > sizeBytes;
    const isRead = this.#hasData || this.#digests.length > 0;
    const { data, digests } = isRead ? await this.#read(content, start, end) : { data: null, digests: new Map() };
    const text = data === null ? null : textOf(data);
    const isText = this.#properties.some((name) => name === 'data' || name === 'data:asText');
    const isEncodingProblem = isText && data !== null && text === null;
    const members: [string, JsonValue][] = [];
    for (const name of this.#properties) {
      if (name === 'id') members.push([name, id]);
      else if (name === 'size') members.push([name, sizeBytes]);
      else if (isDigest(name)) members.push([name, digests.get(name.slice('digest:'.length)) ?? null]);
    }
    const isAsked = (name: string): boolean => this.#properties.includes(name);
    if (isAsked('data:asText') || (isAsked('data') && text !== null)) members.push(['data:asText', text]);
    if (data !== null && (isAsked('data:asBase64') || (isAsked('data') && text === null)))
      members.push(['data:asBase64', encodeBase64Text(data)]);
    if (isEncodingProblem || isAsked('isEncodingProblem')) members.push(['isEncodingProblem', isEncodingProblem]);
    if (isTruncated || isAsked('isTruncated')) members.push(['isTruncated', isTruncated]);
    return jsonObject(members);
  }

  /** @throws MethodError requestTooLarge. */
  async #read(
    content: FoundBlob['content'],
    start: number,
    end: number,
  ): Promise<{ readonly data: Uint8Array | null; readonly digests: ReadonlyMap<string, string> }> {
    const { maxSizeBlobsSent } = this.#context.limits;
    this.#reads.countRange(content, start, end);
    if (this.#hasData) this.#sentBytes += end - start;
    if (this.#sentBytes > maxSizeBlobsSent)
      throw new MethodError('requestTooLarge', `at most ${maxSizeBlobsSent} octets in one call: download the blob`);
    const hashes = this.#digests.map((name) => [name, createHash(digestAlgorithms.get(name) ?? 'sha1')] as const);
    const chunks: Uint8Array[] = [];
    const { loop } = this.#context.account;
    if (end > start)
      for await (const chunk of content.stream(start, end)) {
        for (const [, hash] of hashes) hash.update(chunk);
        if (this.#hasData) chunks.push(chunk);
        const pause = loop.pause();
        if (pause !== null) await pause;
      }
    const digests = new Map(hashes.map(([name, hash]) => [name, hash.digest('base64')]));
    return { data: this.#hasData ? joinBytes(chunks) : null, digests };
  }
}

/** Returns bytes as text; null when they are no UTF-8 (RFC 9404 §4.2). */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
