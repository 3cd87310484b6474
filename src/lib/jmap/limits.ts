/** Bounds on what one request may ask. The first group is announced in the session (RFC 8620 §2). */
export interface JmapLimits {
  /** Bytes of a request's body. */
  readonly maxSizeRequest: number;
  /** Requests of one account that are answered at the same time. */
  readonly maxConcurrentRequests: number;
  readonly maxCallsInRequest: number;
  readonly maxObjectsInGet: number;
  readonly maxObjectsInSet: number;
  /** Bytes of an uploaded file. */
  readonly maxSizeUpload: number;
  readonly maxConcurrentUpload: number;
  /** Bytes of the files of an email that a client composes, before they are encoded (RFC 8621 §1.3.1). */
  readonly maxSizeAttachmentsPerEmail: number;

  /** Levels of arrays and objects in a request. */
  readonly maxDepth: number;
  /** Values in a request, members of objects included. */
  readonly maxValues: number;
  /** Members of all objects in a request: each name costs the parser a hundred times what a value does. */
  readonly maxMembers: number;
  /** Result references in a request. */
  readonly maxReferences: number;
  /** Values that the result references of a request collect with `*`. */
  readonly maxReferencedValues: number;
  /** Characters of JSON that the result references of a request yield: each may name all of a response, and so double it. */
  readonly maxReferencedChars: number;
  /** Characters of JSON in the responses to a request; calls that come when they are used up are refused. */
  readonly maxResponseChars: number;
  /** Operators and conditions of a filter. */
  readonly maxFilterNodes: number;
  readonly maxFilterDepth: number;
  /** Words and phrases that all conditions of a filter seek together: each is looked for in every message. */
  readonly maxFilterTexts: number;
  /** Characters of one text in a filter, quotes included. */
  readonly maxFilterTextChars: number;
  /** Comparators of a sort. */
  readonly maxComparators: number;
  /** Ids that clients create in a request, those of `createdIds` included. */
  readonly maxCreatedIds: number;
  /** Paths of one patch. */
  readonly maxPatchPaths: number;
  /** Bytes, before they are encoded, of all emails that one call composes. */
  readonly maxSizeComposed: number;
  /** Bytes of all blobs that one call reads, to parse them or for their digests. */
  readonly maxSizeBlobsRead: number;
  /** Bytes of blobs in the response of one call (RFC 9404 §4.2). */
  readonly maxSizeBlobsSent: number;
  /** Sources of which one blob is made (RFC 9404 §3.1). */
  readonly maxDataSources: number;
}

/** Limits unless others are given; the announced ones are not below those that RFC 8620 §2 suggests. */
export const jmapLimits: JmapLimits = {
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 8,
  maxCallsInRequest: 64,
  maxObjectsInGet: 1000,
  maxObjectsInSet: 1000,
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 4,
  maxSizeAttachmentsPerEmail: 50_000_000,
  maxDepth: 64,
  maxValues: 500_000,
  maxMembers: 20_000,
  maxReferences: 1000,
  maxReferencedValues: 100_000,
  maxReferencedChars: 10_000_000,
  maxResponseChars: 20_000_000,
  maxFilterNodes: 1000,
  maxFilterDepth: 32,
  maxFilterTexts: 100,
  maxFilterTextChars: 10_000,
  maxComparators: 16,
  maxCreatedIds: 10_000,
  maxPatchPaths: 1000,
  maxSizeComposed: 200_000_000,
  maxSizeBlobsRead: 500_000_000,
  maxSizeBlobsSent: 10_000_000,
  maxDataSources: 100,
};
