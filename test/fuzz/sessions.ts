import { setImmediate as turn } from 'node:timers/promises';
import type { FakeChannel } from '#testing/channel-pair';
import type { FakeClock } from '#testing/fake-clock';

/** Slow mode waits before each octet of a reply. */
const defaultMaxTurns = 200_000;

/** Reads all that a session says until it ends, letting its delays pass. @returns the output as latin1. @throws Error when it does not end within `maxTurns` of the event loop. */
export async function settled(
  client: FakeChannel,
  running: Promise<void>,
  clock: FakeClock,
  maxTurns = defaultMaxTurns,
): Promise<string> {
  const decoder = new TextDecoder('latin1');
  let output = '';
  const session: { hasEnded: boolean; failure: unknown } = { hasEnded: false, failure: null };
  void running
    .catch((error: unknown) => {
      session.failure = error ?? new Error('it rejected');
    })
    .finally(() => {
      session.hasEnded = true;
    });
  const reading = (async () => {
    for (let chunk = await client.read(0); chunk !== null; chunk = await client.read(0))
      output += decoder.decode(chunk);
  })().catch(() => undefined);
  for (let turns = 1; !session.hasEnded; turns += 1) {
    if (turns > maxTurns) throw new Error('the session does not end');
    await turn();
    // Only when nothing else happens: a delay is what it waits for.
    if (turns % 5 === 0 && clock.nextMs !== null) await clock.advance(Math.max(0, clock.nextMs - clock.now()));
  }
  client.destroy();
  await reading;
  if (session.failure !== null) throw session.failure;
  return output;
}
