import type { MessageIndex } from '#lib/mime';
import type { ReceivedBody } from '#mail/content';
import type { SinkLimits } from './limits.ts';

/** Content that has arrived as a whole. */
export interface StoredContent {
  readonly body: ReceivedBody;
  readonly index: MessageIndex;
}

/** Finds a fact about the content of one message while it arrives. Exactly one of `finish` and `abort` ends it. */
export interface ContentSink<F> {
  /** Takes the next bytes, which never change afterwards. The client waits until the promise resolves; null when there is nothing to wait for. */
  write(chunk: Uint8Array): Promise<void> | null;
  /** Returns the fact, when all content has been written and stored. */
  finish(stored: StoredContent): Promise<F>;
  /** Releases what it holds: the message is not taken, or the sink has failed. Must not throw. */
  abort(): void;
}

/** One entry of the list of sinks. `E`: what is known of the envelope; `F`: the fact. */
export interface ContentSinkDefinition<E, F> {
  /**
   * Consequence of a sink that throws, rejects or takes too long: `refuse` refuses the message, by the Refusal that it threw or as a fault of
   * ours (451); `goOn` leaves its fact null, in the log, and takes the message.
   */
  readonly onFailure: 'refuse' | 'goOn';
  /** Differences from `defaultSinkLimits`. */
  readonly limits?: Partial<SinkLimits>;
  /** Begins a message; null when there is nothing to find out about it, which costs nothing. */
  begin(envelope: E): ContentSink<F> | null;
}

/** The list of sinks: for each fact, the sink that finds it. */
export type ContentSinks<E, Facts> = {
  readonly [Name in keyof Facts]: ContentSinkDefinition<E, Facts[Name]>;
};
