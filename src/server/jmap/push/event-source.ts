import type { RequestFacts } from '#host/http-server';
import type { Account } from '#mail/accounts';
import { EventStream, plainAnswer, type EventStreamUser } from '#server/http';
import type { PushLimits } from './limits.ts';
import type { PushClient, PushPlace } from './push-clients.ts';
import type { StateWatch, StateWatcher } from './state-watch.ts';
import { changedTypes, readStates, stateChange, writeStates, type States, type WantedTypes } from './states.ts';

/** Wishes of an EventSource client (RFC 8620 §7.3). */
interface EventSourceWishes {
  readonly types: WantedTypes;
  /** End the response after the first change. */
  readonly closesAfterState: boolean;
  /** Time in s between two pings; 0 for none. */
  readonly pingSeconds: number;
}

/** Arguments of `openEventSource`. */
export interface EventSourceCall {
  readonly facts: Pick<RequestFacts, 'stopping'>;
  readonly account: Account;
  readonly accountId: string;
  /** Place among the clients, which ends with the stream. */
  readonly place: PushPlace;
  readonly watch: StateWatch;
  /** Id of the last event that the client has seen; null when it comes for the first time. */
  readonly last: string | null;
  readonly nowMs: number;
}

/** Reads the query of the URL; a response when it is not as RFC 8620 §7.3 has it. */
export function readWishes({ searchParams }: URL, limits: PushLimits): EventSourceWishes | Response {
  const types = searchParams.get('types') ?? '*';
  const closeAfter = searchParams.get('closeafter') ?? 'no';
  const ping = searchParams.get('ping') ?? '0';
  const names = types.split(',', limits.maxTypes + 1);
  if (types === '' || names.length > limits.maxTypes)
    return plainAnswer(400, 'types: names with commas between, or * for all, are expected.');
  if (closeAfter !== 'state' && closeAfter !== 'no') return plainAnswer(400, 'closeafter: state or no is expected.');
  if (!/^\d{1,9}$/.test(ping)) return plainAnswer(400, 'ping: a number of seconds is expected.');
  const { minPingSeconds, maxPingSeconds } = limits;
  const seconds = Number(ping);
  return {
    types: types === '*' ? null : new Set(names),
    closesAfterState: closeAfter === 'state',
    pingSeconds: seconds === 0 ? 0 : Math.min(Math.max(seconds, minPingSeconds), maxPingSeconds),
  };
}

/** Opens an event stream (RFC 8620 §7.3). A client that comes again with the id of its last event is sent at once what it has missed. */
export async function openEventSource(call: EventSourceCall, wishes: EventSourceWishes): Promise<Response> {
  const client = new EventSourceClient(call, wishes);
  try {
    await client.start(call);
  } catch (error) {
    client.onEnd();
    throw error;
  }
  return client.stream.response;
}

/** One client. It keeps what it has sent and what is the latest: however slow it reads, there is one event for it. */
class EventSourceClient implements EventStreamUser, StateWatcher, PushClient {
  readonly stream: EventStream;
  readonly #accountId: string;
  readonly #wishes: EventSourceWishes;
  readonly #place: PushPlace;
  #watching: Disposable | null = null;
  #isEnded = false;
  /** Null until the client has its first states. */
  #sent: States | null = null;
  #latest: States | null = null;
  /** When an event was last sent, as seen at the next tick. */
  #sentMs: number;
  #hasSent = false;

  constructor({ facts, accountId, place, nowMs }: EventSourceCall, wishes: EventSourceWishes) {
    this.stream = new EventStream(facts, this);
    this.#accountId = accountId;
    this.#wishes = wishes;
    this.#place = place;
    this.#sentMs = nowMs;
  }

  async start({ watch, account, place, last }: EventSourceCall): Promise<void> {
    place.take(this);
    const watching = await watch.watch(account, this);
    if (this.#isEnded) return watching[Symbol.dispose]();
    this.#watching = watching;
    this.#latest ??= watching.states;
    this.#sent = last === null || last === '' ? watching.states : readStates(last);
    this.#sendChange();
  }

  onStates(states: States): void {
    this.#latest = states;
    this.#sendChange();
  }

  onRemoved(): void {
    this.stream.end();
  }

  onLogout(): void {
    this.stream.end();
  }

  onRoom(): void {
    this.#sendChange();
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#watching?.[Symbol.dispose]();
    this.#watching = null;
    this.#place[Symbol.dispose]();
  }

  tick(nowMs: number): void {
    const { pingSeconds: interval } = this.#wishes;
    if (this.#hasSent) this.#sentMs = nowMs;
    this.#hasSent = false;
    if (interval === 0 || nowMs - this.#sentMs < interval * 1000) return;
    // A client that does not keep up has something to read.
    this.#sentMs = nowMs;
    this.stream.send({ event: 'ping', data: JSON.stringify({ interval }) });
  }

  #sendChange(): void {
    const latest = this.#latest;
    if (latest === null || this.#sent === null || latest === this.#sent) return;
    const changed = changedTypes(this.#sent, latest, this.#wishes.types);
    if (changed === null) {
      this.#sent = latest;
      return;
    }
    const data = JSON.stringify(stateChange(this.#accountId, changed));
    if (!this.stream.send({ event: 'state', id: writeStates(latest), data })) return;
    this.#sent = latest;
    this.#hasSent = true;
    if (this.#wishes.closesAfterState) this.stream.end();
  }
}
