import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOfBytes, ContentMemory } from '#mail/content';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { tempStore } from '#testing/temp-store';
import { ContentPipeline, type ContentSinkDefinition, type IncomingContent } from './index.ts';
import type { ContentSink } from './content-sink.ts';

interface Facts {
  readonly first: string | null;
  readonly second: number | null;
}

/** Collects what it gets, and gives that as its fact. */
class Collector implements ContentSink<string> {
  readonly chunks: string[] = [];
  aborted = 0;

  write(chunk: Uint8Array): null {
    this.chunks.push(new TextDecoder().decode(chunk));
    return null;
  }

  async finish(): Promise<string> {
    return this.chunks.join('|');
  }

  abort(): void {
    this.aborted += 1;
  }
}

interface World {
  readonly collector: Collector;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly begin: () => IncomingContent<Facts>;
}

/** @param given  Differences of the first sink from one that collects; the second counts bytes. */
async function inWorld(
  given: Partial<ContentSinkDefinition<string, string>> & { readonly sink?: Partial<ContentSink<string>> },
  body: (world: World) => Promise<void>,
): Promise<void> {
  await using store = await tempStore();
  const [collector, clock, log] = [new Collector(), new FakeClock(), new FakeLog()];
  const { sink, ...definition } = given;
  const sinks = {
    first: {
      onFailure: 'goOn' as const,
      begin: (): ContentSink<string> => ({
        write: (chunk) => {
          collector.write(chunk);
          return sink?.write?.(chunk) ?? null;
        },
        finish: (stored) => sink?.finish?.(stored) ?? collector.finish(),
        abort: () => collector.abort(),
      }),
      ...definition,
    },
    second: {
      onFailure: 'refuse' as const,
      begin: (): ContentSink<number> => ({
        write: () => null,
        finish: async ({ body: { sizeBytes } }) => sizeBytes,
        abort: () => undefined,
      }),
    },
  };
  const pipeline = new ContentPipeline<string, Facts>(
    { blobs: store.account.blobs, memory: new ContentMemory(0), clock, log },
    sinks,
  );
  await body({ collector, clock, log, begin: () => pipeline.begin('an envelope') });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const chunks = ['Subject: x\r\n', '\r\nhel', 'lo\r\n'];

async function all(content: IncomingContent<Facts>): Promise<Awaited<ReturnType<IncomingContent<Facts>['finish']>>> {
  for (const chunk of chunks) await content.write(bytes(chunk));
  return await content.finish();
}

test('ContentPipeline: every sink gets the same chunks, once and in order, and its fact has its name', () =>
  inWorld({}, async ({ begin, collector, log }) => {
    await using content = begin();
    const { body, index, first, second } = await all(content);
    assert.deepEqual(body, bodyOfBytes(bytes(chunks.join(''))));
    assert.equal(index.sizeBytes, chunks.join('').length);
    assert.deepEqual([first, second], [chunks.join('|'), chunks.join('').length]);
    await content[Symbol.asyncDispose]();
    assert.equal(collector.aborted, 0);
    assert.deepEqual(log.ofLevel('error'), []);
  }));

test('ContentPipeline: a sink that has nothing to do costs nothing, and its fact is null', () =>
  inWorld({ begin: () => null }, async ({ begin, collector }) => {
    await using content = begin();
    assert.equal(content.write(bytes('x')), null);
    const { first, second } = await content.finish();
    assert.deepEqual([first, second, collector.chunks], [null, 1, []]);
  }));

test('ContentPipeline: the slowest sink holds up the client', async () => {
  const taken = Promise.withResolvers<void>();
  await inWorld({ sink: { write: () => taken.promise } }, async ({ begin }) => {
    await using content = begin();
    let isDone = false;
    const writing = Promise.resolve(content.write(bytes('x'))).then(() => (isDone = true));
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    assert.equal(isDone, false);
    taken.resolve();
    await writing;
    assert.equal((await content.finish()).first, 'x');
  });
});

test('ContentPipeline: a sink gets no more bytes than its limit', () =>
  inWorld({ limits: { maxBytes: 14 } }, async ({ begin }) => {
    await using content = begin();
    const { first, second } = await all(content);
    assert.deepEqual([first, second], ['Subject: x\r\n|\r\n', chunks.join('').length]);
  }));

const broken = (): never => {
  throw new Error('broken');
};
const rejected = (): Promise<never> => Promise.reject(new Error('broken'));

for (const [title, sink] of [
  ['throws in write', { write: broken }],
  ['rejects in write', { write: rejected }],
  ['throws at the end', { finish: broken }],
  ['rejects at the end', { finish: rejected }],
] as const) {
  test(`ContentPipeline: the message goes on without a sink that ${title} and may`, () =>
    inWorld({ sink }, async ({ begin, collector, log }) => {
      await using content = begin();
      const { first, second } = await all(content);
      assert.deepEqual([first, second, collector.aborted], [null, chunks.join('').length, 1]);
      assert.deepEqual(
        log.ofLevel('error').map(({ event, fields }) => [event, fields]),
        [['inbound.sinkFailed', { sink: 'first' }]],
      );
    }));

  test(`ContentPipeline: a sink that ${title} and must not refuses the message`, () =>
    inWorld({ sink, onFailure: 'refuse' }, async ({ begin, collector, log }) => {
      await using content = begin();
      await assert.rejects(() => all(content), /broken/);
      assert.equal(collector.aborted, 1);
      assert.deepEqual(log.ofLevel('error'), []);
    }));
}

for (const stage of ['write', 'finish'] as const) {
  test(`ContentPipeline: a sink that hangs in ${stage} fails when its time is up`, async () => {
    const hang = (): Promise<never> => new Promise(() => undefined);
    const limits = { timeoutMs: 5000 };
    await inWorld({ sink: { [stage]: hang }, limits }, async ({ begin, clock, collector }) => {
      await using content = begin();
      const ending = all(content);
      while (clock.pending === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      await clock.advance(4999);
      assert.equal(collector.aborted, 0);
      await clock.advance(1);
      assert.equal((await ending).first, null);
      assert.deepEqual([collector.aborted, clock.pending], [1, 0]);
    });
  });
}

test('ContentPipeline: disposing ends the sinks of a message that is not taken', () =>
  inWorld({}, async ({ begin, collector }) => {
    const content = begin();
    await content.write(bytes('x'));
    await content[Symbol.asyncDispose]();
    await content[Symbol.asyncDispose]();
    assert.equal(collector.aborted, 1);
  }));
