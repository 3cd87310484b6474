import { CertificateRefused, loadCertificate, type LoadedCertificate } from '#host/certificates';
import type { Files } from '#host/files';
import type { ServerTls } from '#host/net';
import { Mutex } from '#lib/mutex';
import { ConfigError, type ListenerConfig } from '#mail/config';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { configuredPath, type Configuration } from '#server/configuration';
import type { CertificateFacts } from '#server/operations';

const lookEveryMs = 10 * 60_000;
const dayMs = 24 * 60 * 60_000;
/** Certificates are renewed weeks before they end: later than this, something is wrong. */
const warnBeforeMs = 14 * dayMs;

/** Dependencies of reading certificates. */
export interface CertificatesDeps {
  readonly configuration: Configuration;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

/** The certificate of one listener. */
interface Entry {
  readonly listener: string;
  readonly tls: NonNullable<ListenerConfig['tls']>;
  loaded: LoadedCertificate;
  /** Last warning, and its time: the same trouble is reported once a day. */
  told: { readonly text: string; readonly ms: number } | null;
}

/**
 * The certificates of all listeners. Their files are read again every ten minutes, and on request: new handshakes use what changed,
 * connections that are open go on. Unusable files replace nothing. Warns of certificates that end soon.
 */
export class Certificates implements Disposable {
  readonly #deps: CertificatesDeps;
  readonly #entries: Entry[] = [];
  #timer: Disposable | null = null;
  #isDisposed = false;
  readonly #mutex = new Mutex();

  constructor(deps: CertificatesDeps) {
    this.#deps = deps;
  }

  /** Reads the certificate of a listener. @returns what its handshakes ask. @throws ConfigError when it cannot be used. */
  async add(listener: string, tls: NonNullable<ListenerConfig['tls']>): Promise<ServerTls> {
    const loaded = await this.#load(listener, tls);
    const entry: Entry = { listener, tls, loaded, told: null };
    this.#entries.push(entry);
    this.#warn(entry);
    return { contextFor: () => entry.loaded.context, asksClientCertificate: true };
  }

  /** The certificates in use. */
  get facts(): readonly CertificateFacts[] {
    return this.#entries.map(({ listener, loaded: { names, endsMs } }) => ({ listener, names, endsMs }));
  }

  /** Looks at the files from time to time until disposed. */
  watch(): void {
    if (this.#isDisposed) return;
    this.#timer = this.#deps.clock.timer(lookEveryMs, () => {
      void this.reload()
        .catch((error: unknown) => this.#deps.log.error('tls.lookFailed', {}, error))
        .finally(() => this.watch());
    });
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
  }

  /** Reads all files again. @returns what is wrong with them, a line each, with file, line, column, reason and fix. */
  reload(): Promise<string[]> {
    return this.#mutex.run(async () => {
      const problems: string[] = [];
      for (const entry of this.#entries) {
        const problem = await this.#refresh(entry);
        if (problem !== null) problems.push(problem);
        this.#warn(entry, problem);
      }
      return problems;
    });
  }

  async #refresh(entry: Entry): Promise<string | null> {
    const { listener, tls } = entry;
    const { configuration, clock, log } = this.#deps;
    try {
      const loaded = await this.#load(listener, tls);
      const { certPem, keyPem } = entry.loaded.pem;
      if (loaded.pem.certPem === certPem && loaded.pem.keyPem === keyPem) return null;
      const nowMs = clock.now();
      if (loaded.endsMs <= nowMs && entry.loaded.endsMs > nowMs) {
        const reason = `the new certificate ended on ${dateOf(loaded.endsMs)}`;
        throw configuration.serverProblem(['listeners', listener, 'tls'], reason, 'Put one there that is valid');
      }
      entry.loaded = loaded;
      entry.told = null;
      log.info('tls.certificateRenewed', { listener, names: loaded.names, ends: dateOf(loaded.endsMs) });
      return null;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return `${error.message}. The old certificate stays in use until ${dateOf(entry.loaded.endsMs)}`;
    }
  }

  /** Warns about trouble with the files, or about an end that is near. */
  #warn(entry: Entry, problem: string | null = null): void {
    const { clock, log } = this.#deps;
    const { listener, tls, loaded } = entry;
    const leftMs = loaded.endsMs - clock.now();
    const isNear = leftMs < warnBeforeMs;
    const text = `${problem ?? ''} ${isNear ? 'near' : ''} ${leftMs <= 0 ? 'over' : ''}`;
    if (problem === null && !isNear) return;
    if (entry.told?.text === text && clock.now() - entry.told.ms < dayMs) return;
    entry.told = { text, ms: clock.now() };
    if (problem !== null) log.error('tls.certificateRefused', { listener, problem });
    if (!isNear) return;
    const fields = { listener, file: tls.certificateFile, ends: dateOf(loaded.endsMs) };
    const fix = 'renew it; the file is read again by itself';
    if (leftMs <= 0) log.error('tls.certificateEnded', { ...fields, fix });
    else log.warn('tls.certificateEndsSoon', { ...fields, daysLeft: Math.floor(leftMs / dayMs), fix });
  }

  async #load(listener: string, tls: NonNullable<ListenerConfig['tls']>): Promise<LoadedCertificate> {
    const { configuration, files } = this.#deps;
    const at = (file: string): string => configuredPath(files, configuration.folder, file);
    try {
      return await loadCertificate(files, {
        certificateFile: at(tls.certificateFile),
        keyFile: at(tls.keyFile),
      });
    } catch (error) {
      if (!(error instanceof CertificateRefused)) throw error;
      const path = ['listeners', listener, 'tls', ...(error.blamed === null ? [] : [error.blamed])];
      throw configuration.serverProblem(path, error.message, error.fix);
    }
  }
}

/** The day, as in `2027-02-28`. */
function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
