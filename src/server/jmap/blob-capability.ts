import type { Capability } from './capability.ts';

/** URI of the capability for blobs (RFC 9404 §3.1). */
export const blobUri = 'urn:ietf:params:jmap:blob';

/** Types of objects by which blobs can be looked up. */
export const lookupTypes = ['Mailbox', 'Thread', 'Email'] as const;

/** Names of digests with those of Node. */
export const digestAlgorithms: ReadonlyMap<string, string> = new Map([
  ['sha', 'sha1'],
  ['sha-256', 'sha256'],
]);

/** Blobs that are made and read in API calls (RFC 9404). */
export const blobCapability: Capability = {
  uri: blobUri,
  ofServer: () => ({}),
  ofAccount: ({ limits }) => ({
    maxSizeBlobSet: limits.maxSizeUpload,
    maxDataSources: limits.maxDataSources,
    supportedTypeNames: lookupTypes,
    supportedDigestAlgorithms: [...digestAlgorithms.keys()],
  }),
};
