import { plainAnswer, type Area } from '#server/http';

/** Dependencies of the start page. */
export interface StartPageDeps {
  readonly hostname: string;
  /** Returns the services of all listeners with their ports, in the order of the configuration. */
  readonly services: () => readonly { readonly name: string; readonly port: number }[];
}

/** Names of services for readers. */
const uses: Readonly<Record<string, string>> = {
  smtp: 'mail from other servers and programs',
  submission: 'sending mail, STARTTLS',
  submissions: 'sending mail, TLS',
  imap: 'reading mail, STARTTLS',
  imaps: 'reading mail, TLS',
  http: 'this page',
  https: 'this page, TLS',
};

/** Makes the area that answers `GET /`. */
export function startPage({ hostname, services }: StartPageDeps): Area {
  const text = (): string => {
    const rows = services().map(
      ({ name, port }) => `  ${name.padEnd(12)} ${String(port).padEnd(6)} ${uses[name] ?? ''}`,
    );
    return [`Godwit, mail server of ${hostname}`, '', ...rows.map((row) => row.trimEnd())].join('\n');
  };
  return {
    name: 'start',
    paths: ['/'],
    maxBodyBytes: 0,
    handle: ({ method }) =>
      Promise.resolve(
        method === 'GET' || method === 'HEAD'
          ? plainAnswer(200, text())
          : plainAnswer(405, 'This page can only be read.', { Allow: 'GET, HEAD' }),
      ),
  };
}
