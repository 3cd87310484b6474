/** Returns an example `server.yaml` with comments. */
export function exampleServer(options: { readonly hostname: string; readonly postmaster: string }): string {
  return `# yaml-language-server: $schema=./server.schema.json
# What the process needs to start; changes need a restart. 'godwit config describe' explains every setting,
# 'godwit config check' says what is wrong before you restart, 'godwit config schema server' prints the schema for editors.
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
# Mail goes to the hosts of each domain. Without '#', these lines send all of it to another server instead:
#transports:
#  smarthost:
#    kind: submission
#    host: mail.provider.example
#    auth: { user: you@provider.example, passwordFile: smarthost-password }
#routes:
#  - transport: smarthost
`;
}

/** Returns an example `domains.yaml`. */
export function exampleDomains(options: {
  readonly domain: string;
  readonly account: string;
  readonly address: string;
}): string {
  return `# yaml-language-server: $schema=./domains.schema.json
# Domains, accounts and addresses. Changes are picked up while the server runs. 'godwit config schema domains' prints the schema.
domains:
  ${options.domain}: {}
accounts:
  ${options.account}:
    addresses:
      - ${options.address}
`;
}

/** Returns an example `godwit-sendmail.yaml`. */
export function exampleSendmail(options: { readonly host: string; readonly address: string }): string {
  return `# How 'godwit sendmail' hands over the mail of this machine's programs. 'godwit config describe sendmail' explains every setting.
# Whoever is to send must be able to read this file and the password. Relative paths count from the folder of this file.
host: ${options.host}
user: ${options.address}
passwordFile: godwit-sendmail.password
# Local users such as root send as this address, and mail to them goes there.
from: ${options.address}
defaultDestination: ${options.address}
`;
}
