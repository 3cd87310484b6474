import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { eventLoopContract } from '#ports/event-loop.contract';
import { systemLoop } from './index.ts';
import { SystemLoop } from './system-loop.ts';

const sliceMs = 2;

/** A loop whose time passes only when work is done. */
function open(): { readonly loop: SystemLoop; readonly work: (ms?: number) => void } {
  let nowMs = 1000;
  return {
    loop: new SystemLoop(sliceMs, () => nowMs),
    work: (ms = sliceMs * 2) => {
      nowMs += ms;
    },
  };
}

eventLoopContract('SystemLoop', open);

test('SystemLoop: within its slice work is not interrupted', async () => {
  const { loop, work } = open();
  await loop.pause();
  for (let n = 0; n < 4; n += 1) {
    work(sliceMs / 4);
    assert.equal(loop.pause(), null);
  }
  work(0.1);
  assert.notEqual(loop.pause(), null);
});

test('SystemLoop: a piece that cannot be divided waits for the next slice behind little work', async () => {
  const { loop, work } = open();
  await loop.pause();
  work(sliceMs / 4);
  assert.equal(loop.pause(), null);
  const order: string[] = [];
  const rest = (name: string, pause: Promise<void> | null): Promise<void> | null =>
    pause?.then(() => {
      order.push(name);
      work(sliceMs / 2);
    }) ?? null;
  setImmediate(() => {
    order.push('turn');
    setImmediate(() => order.push('another turn'));
  });
  work();
  const first = rest('pause', loop.pause());
  const second = rest('slice', loop.beginSlice());
  assert.ok(first !== null && second !== null);
  await Promise.all([first, second]);
  assert.deepEqual(order, ['turn', 'pause', 'another turn', 'slice']);
});

test('SystemLoop: the slice belongs to the process: once it is used up, all work of the same run waits', async () => {
  const { loop, work } = open();
  await loop.pause();
  work();
  const first = loop.pause();
  await Promise.resolve();
  const second = loop.pause();
  assert.ok(first !== null && second !== null);
  await Promise.all([first, second]);
});

test('SystemLoop: what the loop brings in while others wait has a slice of its own', async () => {
  const { loop, work } = open();
  const order: string[] = [];
  const socket = new Promise<void>((resolve) => {
    // Comes before immediates that were set earlier in the same turn, as sockets do.
    process.nextTick(() => {
      void Promise.resolve().then(() => {
        process.nextTick(() => {
          assert.equal(loop.pause(), null);
          order.push('socket');
          resolve();
        });
      });
    });
  });
  await Promise.resolve();
  work();
  const long = loop.pause();
  assert.notEqual(long, null);
  await Promise.all([socket, long?.then(() => order.push('long'))]);
  assert.deepEqual(order, ['socket', 'long']);
});

test('SystemLoop: what pauses for the first time goes before work that ran already, which waits no longer than that', async () => {
  const { loop, work } = open();
  const order: string[] = [];
  const done = new AbortController();
  const long = async (): Promise<void> => {
    while (!done.signal.aborted) {
      work();
      await loop.pause();
      order.push('long');
    }
  };
  work();
  const longs = [long(), long()];
  const short = async (): Promise<void> => {
    await new Promise(setImmediate);
    work();
    order.push('asks');
    await loop.pause();
    order.push('short');
    work();
  };
  await Promise.all([short(), short(), short()]);
  done.abort();
  await Promise.all(longs);
  assert.deepEqual(order.join(' '), 'long asks asks asks long short short short long long');
});

test('SystemLoop: those who wait for short work share a turn, up to a slice', async () => {
  const { loop, work } = open();
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (turns < 100) setImmediate(count);
  };
  work();
  const rests = Array.from({ length: 10 }, async () => {
    await loop.pause();
    work(0.5);
    return turns;
  });
  setImmediate(count);
  const finished = await Promise.all(rests);
  assert.deepEqual(finished, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
});

const pieceMs = sliceMs / 20;

/** Work that does piece after piece, and asks after each, until it is stopped. */
class Floods {
  readonly #opened: ReturnType<typeof open>;
  readonly #running: Promise<void>[] = [];
  #isDone = false;
  /** Time that all pieces took. */
  usedMs = 0;

  constructor(opened: ReturnType<typeof open>) {
    this.#opened = opened;
  }

  start(): void {
    this.#running.push(this.#run());
  }

  async stop(): Promise<void> {
    this.#isDone = true;
    await Promise.all(this.#running);
  }

  async #run(): Promise<void> {
    const { loop, work } = this.#opened;
    while (!this.#isDone) {
      work(pieceMs);
      this.usedMs += pieceMs;
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
  }
}

test('SystemLoop: many who wait divide a slice, so that one who needs little waits for a part of the work of the others', async () => {
  const opened = open();
  const { loop, work } = opened;
  const floods = new Floods(opened);
  work();
  for (let i = 0; i < 16; i += 1) floods.start();
  const before = floods.usedMs;
  await loop.pause();
  // An eighth of a slice each, and the piece that went beyond it.
  const mostMs = 16 * (sliceMs / 8 + pieceMs);
  const waitedMs = floods.usedMs - before;
  await floods.stop();
  assert.ok(waitedMs <= mostMs, `${waitedMs} ms of ${mostMs}`);
});

test('SystemLoop: what many sockets bring in one turn has short slices once some were used up', async () => {
  const opened = open();
  const floods = new Floods(opened);
  const sockets = Promise.withResolvers<void>();
  // Each comes before immediates that were set earlier in the same turn, as sockets do.
  const bring = (left: number): void => {
    if (left === 0) return sockets.resolve();
    floods.start();
    process.nextTick(() => void Promise.resolve().then(() => process.nextTick(bring, left - 1)));
  };
  await opened.loop.pause();
  bring(32);
  await sockets.promise;
  const mostMs = 6 * (sliceMs + pieceMs) + 26 * (sliceMs / 8 + pieceMs);
  const { usedMs } = floods;
  await floods.stop();
  assert.ok(usedMs <= mostMs, `${usedMs} ms of ${mostMs}`);
});

test('systemLoop: a socket is served while two workers are never idle', async () => {
  const server = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const socket = connect(address.port, '127.0.0.1');
  await once(socket, 'connect');
  const done = new AbortController();
  const work = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const pause = systemLoop.pause();
      await (pause ?? Promise.resolve());
    }
  };
  const workers = [work(), work()];
  for (let n = 0; n < 20; n += 1) {
    socket.write('x');
    await once(socket, 'data');
  }
  done.abort();
  await Promise.all(workers);
  socket.destroy();
  server.close();
  await once(server, 'close');
});
