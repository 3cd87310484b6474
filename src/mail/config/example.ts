/** Text of a `server.yaml` to start from, with comments. */
export function exampleServer(options: { readonly hostname: string; readonly postmaster: string }): string {
  return `# yaml-language-server: $schema=./server.schema.json
# What the process needs to start; changes need a restart. 'godwit config describe' explains every setting,
# 'godwit config check' says what is wrong before you restart.
hostname: ${options.hostname}
dataDirectory: data
postmaster: ${options.postmaster}
listeners:
  public:
    addresses: [0.0.0.0, '::']
    tls:
      certificateFile: tls/fullchain.pem
      keyFile: tls/privkey.pem
    smtp: { port: 25 }
    submission: { port: 587 }
    submissions: { port: 465 }
    imap: { port: 143 }
    imaps: { port: 993 }
`;
}

/** Text of a `domains.yaml` to start from. */
export function exampleDomains(options: {
  readonly domain: string;
  readonly account: string;
  readonly address: string;
}): string {
  return `# yaml-language-server: $schema=./domains.schema.json
# Domains, accounts and addresses. Changes are picked up while the server runs.
domains:
  ${options.domain}: {}
accounts:
  ${options.account}:
    addresses:
      - ${options.address}
`;
}
