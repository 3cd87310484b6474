/**
 * As much of jmap-jam's interface as its test uses; `tsconfig.json` leads here. The types that it brings come as source, with syntax of TypeScript that is
 * not allowed in this project.
 */
export default class JamClient {
  constructor(config: { readonly sessionUrl: string; readonly bearerToken: string });
  readonly api: Api<(args: object) => Promise<[JamResponse, unknown]>>;
  getPrimaryAccount(): Promise<string>;
  requestMany<Drafts extends Readonly<Record<string, Draft>>>(
    drafts: (api: Api<(args: object) => Draft>) => Drafts,
  ): Promise<[Readonly<Record<keyof Drafts, JamResponse>>, unknown]>;
  uploadBlob(accountId: string, body: Uint8Array): Promise<{ readonly blobId: string; readonly size: number }>;
  downloadBlob(options: {
    readonly accountId: string;
    readonly blobId: string;
    readonly mimeType: string;
    readonly fileName: string;
  }): Promise<Response>;
}

interface Api<Call> {
  readonly Mailbox: { readonly get: Call };
  readonly Thread: { readonly get: Call };
  readonly Email: { readonly get: Call; readonly query: Call; readonly set: Call; readonly changes: Call };
}

interface Draft {
  $ref(path: string): unknown;
}

interface JamResponse {
  readonly list: readonly JamObject[];
  readonly ids: readonly string[];
  readonly state: string;
  readonly newState: string;
  readonly created: Readonly<Record<string, { readonly id: string }>> | null;
  readonly notCreated?: object | null;
  readonly updated: readonly string[];
  readonly destroyed: readonly string[];
}

interface JamObject {
  readonly id: string;
  readonly role: string | null;
  readonly subject: string;
  readonly from: readonly { readonly name: string | null; readonly email: string }[];
  readonly preview: string;
  readonly emailIds: readonly string[];
  readonly attachments: readonly { readonly name: string | null; readonly blobId: string }[];
}
