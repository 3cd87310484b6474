import { jmapLimits, type JmapLimits } from '#lib/jmap';
import type { ContentMemory } from '#mail/content';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { RequestSlots } from '#proto/jmap-server';
import { pushLimits, type PushLimits } from './push/limits.ts';
import { PushClients } from './push/push-clients.ts';
import type { WebPush } from './push/web-push.ts';
import type { StateServices } from './push/state-source.ts';
import { StateWatch } from './push/state-watch.ts';
import { Uploads } from './uploads.ts';

/** Dependencies of `JmapShared`. */
export interface JmapSharedDeps extends StateServices {
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly bus: Bus;
  readonly log: Log;
  readonly limits?: JmapLimits;
  readonly push?: PushLimits;
  /** Makes what pushes to URLs. */
  readonly makeWebPush: (watch: StateWatch) => WebPush;
}

/** State that all ports of a server share: a file that was uploaded at one is found at another, and limits hold for both together. */
export class JmapShared implements AsyncDisposable {
  readonly limits: JmapLimits;
  readonly pushLimits: PushLimits;
  readonly uploads: Uploads;
  readonly uploadSlots: RequestSlots;
  /** Slots of requests, over HTTP and WebSockets (RFC 8887 §4.3.2). */
  readonly requestSlots: RequestSlots;
  readonly watch: StateWatch;
  readonly clients: PushClients;
  readonly webPush: WebPush;

  constructor({ clock, contentMemory: memory, bus, log, limits, push, makeWebPush, ...services }: JmapSharedDeps) {
    this.limits = limits ?? jmapLimits;
    this.pushLimits = push ?? pushLimits;
    this.uploads = new Uploads({ clock, memory });
    this.uploadSlots = new RequestSlots(this.limits.maxConcurrentUpload);
    this.requestSlots = new RequestSlots(this.limits.maxConcurrentRequests);
    this.watch = new StateWatch({ bus, log, ...services });
    this.webPush = makeWebPush(this.watch);
    this.clients = new PushClients({ clock, limits: this.pushLimits });
  }

  /** Ends what goes on without clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.webPush[Symbol.asyncDispose]();
  }
}
