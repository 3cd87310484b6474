/** Options of the files that `localserve` writes on its first start. */
export interface LocalserveOptions {
  /** Addresses to listen on. */
  readonly addresses: readonly string[];
}

/** Texts of `server.yaml` and `domains.yaml` for a development server on this machine. */
export function localserveFiles({ addresses }: LocalserveOptions): {
  readonly server: string;
  readonly domains: string;
} {
  return { server: serverText(addresses), domains: domainsText };
}

function serverText(addresses: readonly string[]): string {
  const list = addresses.map((address) => `'${address}'`).join(', ');
  return `# yaml-language-server: $schema=./server.schema.json
# Written by 'godwit localserve' on its first start; change what you like. 'godwit config describe' explains every setting.
hostname: localhost
dataDirectory: data
postmaster: godwit
# Messages that Gmail, Exchange or others refuse are marked with a Godwit-Checks field; 'pedantic: true' refuses them, and tells which receiver would.
pedantic: false
# Mail for any address is accepted and stays here; nothing is sent to the network.
localserve: true
listeners:
  local:
    addresses: [${list}]
    tls:
      certificateFile: localhost.crt
      keyFile: localhost.key
    # Any login is right here. No STARTTLS, unless you write startTls: true: programs use it unasked, and do not trust the certificate.
    smtp: { port: 1025 }
    submission: { port: 1587, allowPlaintextAuth: true }
    submissions: { port: 1465 }
    imap: { port: 1143, allowPlaintextAuth: true }
    imaps: { port: 1993 }
    # JMAP, and a page that lists the services. Ports that another program has are replaced by the next free ones.
    http: { port: 1080, allowPlaintextAuth: true }
    https: { port: 1443 }
  # The port that other mail catchers have.
  inbox:
    addresses: [${list}]
    http: { port: 8025, allowPlaintextAuth: true }
`;
}

const domainsText = `# yaml-language-server: $schema=./domains.schema.json
# Domains, accounts and addresses. Changes are picked up while the server runs.
domains:
  localhost: {}
accounts:
  godwit:
    fullName: Godwit
    addresses:
      - godwit@localhost
`;
