import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DialFailed, type Dialer } from './dialer.ts';

type Target = Pick<Parameters<Dialer['dial']>[0], 'address' | 'port'>;

/** A dialer for one test, and targets that it knows. */
export interface OpenedDialer extends AsyncDisposable {
  readonly dialer: Dialer;
  /** A host that says `220 ready` CRLF to every client. */
  readonly greeting: Target;
  /** A host where nothing listens. */
  readonly refused: Target;
  /** A host that speaks TLS from the first byte and says `220 ready` CRLF; its certificate is for `mx.example`. */
  readonly secured: Target;
  /** As `secured`, with a certificate that is not for `mx.example`. */
  readonly badlySecured: Target;
}

const timeoutMs = 5000;

/** Tests what every `Dialer` must do; `name` begins the titles. */
export function dialerContract(name: string, open: () => Promise<OpenedDialer>): void {
  test(`${name}: dial makes a plaintext channel to the target`, async () => {
    await using opened = await open();
    const channel = await opened.dialer.dial({ ...opened.greeting, timeoutMs });
    assert.equal(channel.tls, null);
    assert.match(await firstLine(channel), /^220 /);
    channel.destroy();
  });

  test(`${name}: with TLS the channel is secured from the first byte`, async () => {
    await using opened = await open();
    const tls = { serverName: 'mx.example', verify: 'require' } as const;
    const channel = await opened.dialer.dial({ ...opened.secured, timeoutMs, tls });
    assert.match(channel.tls?.protocol ?? '', /^TLSv1\.[23]$/);
    assert.deepEqual([channel.tls?.peerVerified, channel.tls?.peerProblem], [true, null]);
    assert.match(await firstLine(channel), /^220 /);
    channel.destroy();
  });

  test(`${name}: a certificate that is not right fails the dial, or is reported`, async () => {
    await using opened = await open();
    const tls = { serverName: 'mx.example', verify: 'require' } as const;
    await assert.rejects(opened.dialer.dial({ ...opened.badlySecured, timeoutMs, tls }), failedWith(/./));
    const channel = await opened.dialer.dial({ ...opened.badlySecured, timeoutMs, tls: { ...tls, verify: 'report' } });
    assert.equal(channel.tls?.peerVerified, false);
    assert.notEqual(channel.tls.peerProblem ?? '', '');
    channel.destroy();
  });

  test(`${name}: no connection is DialFailed with a reason for people`, async () => {
    await using opened = await open();
    const isAboutTarget = (error: unknown): boolean =>
      failedWith(/refused/)(error) && !(error as DialFailed).isEverywhere;
    await assert.rejects(opened.dialer.dial({ ...opened.refused, timeoutMs }), isAboutTarget);
  });

  test(`${name}: an abort is DialFailed, before and while it lasts`, async () => {
    await using opened = await open();
    const { dialer, greeting } = opened;
    await assert.rejects(dialer.dial({ ...greeting, timeoutMs, signal: AbortSignal.abort() }), failedWith(/given up/));
    const abort = new AbortController();
    const dialing = assert.rejects(
      dialer.dial({ ...greeting, timeoutMs, signal: abort.signal }),
      failedWith(/given up/),
    );
    abort.abort();
    await dialing;
  });
}

function failedWith(reason: RegExp) {
  return (error: unknown): boolean =>
    error instanceof DialFailed && reason.test(error.message) && !error.message.includes('\n');
}

async function firstLine(channel: Awaited<ReturnType<Dialer['dial']>>): Promise<string> {
  let heard = '';
  while (!heard.includes('\r\n')) {
    const bytes = await channel.read(timeoutMs);
    if (bytes === null) break;
    heard += new TextDecoder().decode(bytes);
  }
  return heard;
}
