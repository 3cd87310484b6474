import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelPair } from '#testing/channel-pair';
import { FakeLoop } from '#testing/fake-loop';
import { Output } from './output.ts';

async function written(fill: (output: Output) => Promise<void>): Promise<string> {
  const { client, server } = channelPair();
  const output = new Output(server, new FakeLoop(Infinity), 64, 1000);
  await fill(output);
  await output.drain();
  await server.close();
  let text = '';
  for (let chunk = await client.read(1000); chunk !== null; chunk = await client.read(1000)) {
    text += new TextDecoder().decode(chunk);
  }
  return text;
}

for (const value of [0, 7, 10, 99, 100, 65_535, 1_000_000_000, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
  test(`Output.number ${value}`, async () => {
    assert.equal(await written(async (output) => output.number(value)), String(value));
  });
}

test('Output.text writes UTF-8 however long the text', async () => {
  for (const text of ['', 'a', 'ä', 'x'.repeat(23) + 'é', 'ö€😀'.repeat(5000)]) {
    assert.equal(await written(async (output) => output.text(text)), text);
  }
});

test('Output.stream keeps the order of small and large pieces', async () => {
  const text = await written(async (output) => {
    output.text('one ');
    await output.stream(new TextEncoder().encode('two '));
    await output.stream(new TextEncoder().encode('3'.repeat(100)));
    output.text(' four');
  });
  assert.equal(text, `one two ${'3'.repeat(100)} four`);
});

test('Output.rollBack takes back what was not written yet, and nothing else', async () => {
  const text = await written(async (output) => {
    output.text('kept ');
    const mark = output.mark();
    output.text('dropped');
    assert.equal(output.rollBack(mark), true);
    const second = output.mark();
    output.text('sent');
    await output.drain();
    assert.equal(output.rollBack(second), false);
  });
  assert.equal(text, 'kept sent');
});
