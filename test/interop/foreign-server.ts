import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificatePem } from '#host/certificates';

/** The login at foreign servers. */
export const foreignLogin = { user: 'bird', password: 'feathers and song' } as const;

/** The largest message that foreign servers take, in bytes. */
export const foreignSizeLimit = 1_000_000;

/** Settings of a foreign mail server. */
export interface ForeignSettings {
  /** Its own loopback address: it takes mail on port 25, and sends from there. */
  readonly address: string;
  readonly hostname: string;
  /** It has mailboxes for this domain and all below it: `known`, `other` and `grün`; `later` is refused with 450, no other user exists. */
  readonly domain: string;
  /** Ports for the login `foreignLogin`: STARTTLS, TLS from the start, and STARTTLS with the strange certificate. */
  readonly ports: { readonly submission: number; readonly submissions: number; readonly strange: number };
  readonly certificate: CertificatePem;
  /** Of an unknown authority. */
  readonly strangeCertificate: CertificatePem;
  /** The authority of users' certificates. */
  readonly authorityPem: string;
  /** Domain that it sends mail to, and the address of its server. */
  readonly peer: { readonly domain: string; readonly address: string };
}

/** A foreign mail server with everything of its own in a temporary folder. */
export interface ForeignServer extends AsyncDisposable {
  /** The messages that a mailbox holds. */
  readonly mailbox: (localpart: string) => Promise<string[]>;
  readonly log: () => Promise<string>;
}

/** The messages in a Maildir, none where there is no such folder. */
export async function readMaildir(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'new')).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(folder, 'new', name), 'utf8')));
}
