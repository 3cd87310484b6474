import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelPair } from './channel-pair.ts';
import { play } from './transcript.ts';

/** A server that greets, answers each line with itself in upper case, and hangs up on `bye`. */
async function serve(text: string, byteAtATime = false): Promise<void> {
  const ends: Promise<void>[] = [];
  await play(text, {
    byteAtATime,
    variables: { name: 'World' },
    open: async () => {
      const { client, server } = channelPair({ byteAtATime });
      ends.push(shout(server));
      return client;
    },
  });
  await Promise.all(ends);
}

async function shout(server: ReturnType<typeof channelPair>['server']): Promise<void> {
  const encoder = new TextEncoder();
  await server.write(encoder.encode('250-2.0.0 one\r\n250-two\r\n250 three\r\n'));
  let line = '';
  for (let chunk = await server.read(0); chunk !== null; chunk = await server.read(0)) {
    line += new TextDecoder().decode(chunk);
    if (!line.endsWith('\r\n')) continue;
    if (line === 'bye\r\n') break;
    await server.write(encoder.encode(line.toUpperCase()));
    line = '';
  }
  await server.close();
}

for (const [what, text] of [
  ['exact lines', 'S: 250-2.0.0 one\nS: 250-two\nS: 250 three\nC: x\nS: X'],
  ['codes alone', 'S: 250-2.0.0\nS: 250-\nS: 250\nC: 550 5.1.1 no\nS: 5xx 5.1.1'],
  ['wildcards', 'S: 250-2.0.0 …\nS: 250-t...\nS: …\nC: hello {name}\nS: HELLO WORLD'],
  ['skipped continuation lines', '# comment\n\nS: 250-*\nS: 250 three'],
  ['two connections', 'S1: 250-*\nS1: 250\nC2: b\nS2: 250-*\nS2: 250\nS2: B\nC1: a\nS1: A'],
  ['escapes', 'S: 250-*\nS: 250\nC| \\x61\\x62\nC| c\\r\\n\nS: ABC'],
  ['repetition', 'S: 250-*\nS: 250\nC* 2 a\nS: A\nS: A'],
  ['the end', 'S: 250-*\nS: 250\nC: bye\nS! closed'],
] as const) {
  test(`play: ${what}`, async () => {
    await serve(text);
    await serve(text, true);
  });
}

for (const [text, message] of [
  ['S: 250-2.0.0 two', /line 1: expected "250-2.0.0 two", got "250-2.0.0 one"/],
  ['S: 550', /line 1: expected "550"/],
  ['S: 5xx', /line 1: expected "5xx"/],
  ['S: 250-*\nS: 250\nC: bye\nS: x', /line 4: expected x, but the connection ended/],
  ['S: 250-*\nS: 250\nC: x\nS! closed', /line 4: expected the connection to be closed, got "X"/],
  ['Q: x', /line 1 is neither/],
] as const) {
  test(`play fails on ${JSON.stringify(text)}`, async () => {
    await assert.rejects(serve(text), message);
  });
}
