import { trustedPemProblem } from '#host/certificates';
import { errorCode, type Files } from '#host/files';
import { Secret } from '#lib/secret';
import { configuredPath } from '#server/configuration';

/** A SOCKS5 proxy and how we prove who we are to it. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  readonly credentials?: { readonly user: string; readonly password: Secret };
}

/** A secret that a transport needs could not be had; the message names the file and says why, for people. */
export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable';
}

const maxSecretBytes = 65_536;

/** Passwords, tokens and keys of transports, read from their files at each use, so that a new one needs no restart. */
export class TransportSecrets {
  readonly #files: Files;
  readonly #folder: string;

  /** @param deps.folder  the configuration's, which relative paths count from. */
  constructor({ files, folder }: { readonly files: Files; readonly folder: string }) {
    this.#files = files;
    this.#folder = folder;
  }

  /** The password as configured; null when there is none. @throws SecretUnavailable */
  async password(from: {
    readonly password?: Secret | undefined;
    readonly passwordFile?: string | undefined;
  }): Promise<Secret | null> {
    if (from.password !== undefined) return from.password;
    return from.passwordFile === undefined ? null : new Secret(await this.#firstLine(from.passwordFile));
  }

  /** An access token. @throws SecretUnavailable */
  async token(file: string): Promise<Secret> {
    return new Secret((await this.#firstLine(file)).trim());
  }

  /** The address of a proxy with its credentials, if any. @throws SecretUnavailable */
  async proxy(from: {
    readonly host: string;
    readonly port: number;
    readonly user?: string | undefined;
    readonly password?: Secret | undefined;
    readonly passwordFile?: string | undefined;
  }): Promise<ProxyAddress> {
    const { host, port, user } = from;
    const password = await this.password(from);
    return { host, port, ...(user !== undefined && password !== null && { credentials: { user, password } }) };
  }

  /** A whole text file. @throws SecretUnavailable */
  async text(file: string): Promise<string> {
    const path = configuredPath(this.#files, this.#folder, file);
    let bytes: Uint8Array | null;
    try {
      bytes = await this.#files.read(path, maxSecretBytes);
    } catch (cause) {
      throw new SecretUnavailable(`${path} cannot be read: ${reasonOf(cause)}`, { cause });
    }
    if (bytes === null) throw new SecretUnavailable(`${path} is missing`);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new SecretUnavailable(`${path} is not UTF-8 text: save it as UTF-8`, { cause });
    }
  }

  /** Certificates to trust, PEM. @throws SecretUnavailable */
  async certificates(file: string): Promise<string> {
    const text = await this.text(file);
    const problem = trustedPemProblem(text);
    if (problem !== null) {
      throw new SecretUnavailable(`${configuredPath(this.#files, this.#folder, file)} ${problem}`);
    }
    return text;
  }

  async #firstLine(file: string): Promise<string> {
    const [connection = ''] = (await this.text(file)).split(/\r?\n/, 1);
    if (connection.trim() === '') {
      throw new SecretUnavailable(`the first line of ${configuredPath(this.#files, this.#folder, file)} is empty`);
    }
    return connection;
  }
}

function reasonOf(cause: unknown): string {
  switch (errorCode(cause)) {
    case 'EACCES':
    case 'EPERM':
      return 'the user who serves may not read it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
