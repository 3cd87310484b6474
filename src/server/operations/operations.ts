import type { DiskReserve } from '#host/disk-reserve';
import type { Files } from '#host/files';
import { Turns } from '#lib/turns';
import type { Accounts } from '#mail/accounts';
import type { CredentialChecker, Credentials } from '#mail/auth';
import type { BlobSweeper } from '#mail/content';
import type { HoldRules, Queue, QueueSettings, Routing, TransportPause } from '#mail/queue';
import type { Refusals } from '#mail/story';
import type { Suppressions } from '#mail/suppressions';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Databases } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Lockout } from '#server/admission';
import type { ConditionFacts, DiskFacts } from '#server/conditions';
import type { Configuration } from '#server/configuration';
import type { DkimKeys } from '#server/dkim';
import { accountCommands } from './account.ts';
import { OperationRefused } from './arguments.ts';
import { checkCommands } from './check.ts';
import { clientKeyCommands } from './client-keys.ts';
import { dkimCommands } from './dkim.ts';
import { dnsCommands, type OutsideView } from './dns.ts';
import { holdRuleCommands } from './hold-rules.ts';
import { passwordCommands } from './password.ts';
import { queueRouteCommands } from './queue-routes.ts';
import { queueCommands } from './queue.ts';
import { reloadCommands } from './reload.ts';
import { statusCommands } from './status.ts';
import { suppressionCommands } from './suppression.ts';
import { whyCommands } from './why.ts';

/** A certificate in use. */
export interface CertificateFacts {
  /** Name of the listener in the configuration. */
  readonly listener: string;
  /** What it is for. */
  readonly names: readonly string[];
  /** When it ends, in milliseconds since 1970. */
  readonly endsMs: number;
}

/** What only a running server knows of itself. */
export interface ServerFacts {
  readonly certificates: readonly CertificateFacts[];
  readonly addresses: readonly { readonly service: string; readonly address: string; readonly port: number }[];
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** The disk with the data; null where space cannot be measured. */
  readonly disk: DiskFacts | null;
  /** Conditions of the machine since the start, the latest first. */
  readonly conditions: readonly ConditionFacts[];
  /** Transports that wait, as their servers refused our login. */
  readonly pausedTransports: readonly TransportPause[];
  /** Addresses that may not log in for a while, the latest first. */
  readonly lockouts: readonly Lockout[];
  /** What is wrong with DKIM keys, a line each. */
  readonly dkimProblems: readonly string[];
}

/** What the operations work on. */
export interface OperationsDeps {
  readonly configuration: Configuration;
  readonly accounts: Accounts;
  readonly credentials: Credentials;
  readonly checker: Pick<CredentialChecker, 'identify'>;
  readonly queue: Queue;
  readonly routing: Pick<Routing, 'table'>;
  readonly holdRules: HoldRules;
  readonly suppressions: Suppressions;
  readonly queueSettings: Pick<QueueSettings, 'maxAgeMs'>;
  readonly refusals: Pick<Refusals, 'find'>;
  readonly blobs: BlobStore;
  readonly blobSweeper: BlobSweeper;
  readonly databases: Databases;
  readonly loop: EventLoop;
  /** Space kept back for a full disk. */
  readonly reserve?: Pick<DiskReserve, 'release'>;
  readonly dkim: DkimKeys;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Opens a look at ourselves as others see us. */
  readonly lookOutside: () => OutsideView;
  /** Absent when no server runs; null while it starts. */
  readonly serverFacts?: () => ServerFacts | null;
  /** Ends the pause of a transport, or of all. @returns names of those that were paused. Absent when no server runs. */
  readonly resumeTransport?: (transport: string | null) => readonly string[];
  /** Reads what may change under a running server again, and gives what is wrong with it. Absent when no server runs. */
  readonly reload?: () => Promise<readonly string[]>;
}

/** One command: checks its arguments, does its work, gives a JSON value. */
type Operation = (deps: OperationsDeps, args: unknown) => Promise<unknown>;

/** Commands by name, such as `account.add`. */
export type OperationTable = Readonly<Record<string, Operation>>;

const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    ...accountCommands,
    ...passwordCommands,
    ...clientKeyCommands,
    ...queueCommands,
    ...queueRouteCommands,
    ...holdRuleCommands,
    ...suppressionCommands,
    ...checkCommands,
    ...dkimCommands,
    ...dnsCommands,
    ...statusCommands,
    ...reloadCommands,
    ...whyCommands,
  }),
);

/** Commands that look before they change: one after the other, so that two at once cannot both find a name free. */
const inTurn = /^(?:account\.(?:add|remove)|clientKey\.add|dkim\.(?:add|remove)|password\.)/;

/** Runs commands of administrators. */
export class Operations {
  readonly #deps: OperationsDeps;
  readonly #turns = new Turns();

  constructor(deps: OperationsDeps) {
    this.#deps = deps;
  }

  /**
   * Runs one command.
   * @returns a JSON value.
   * @throws OperationRefused, or another Error with words for people, when it cannot be done.
   */
  async run(command: string, args: unknown): Promise<unknown> {
    const operation = operations.get(command);
    if (operation === undefined) {
      throw new OperationRefused(`unknown command ${command}; there are ${[...operations.keys()].join(', ')}`);
    }
    if (!inTurn.test(command)) return await operation(this.#deps, args);
    return await this.#turns.run(() => operation(this.#deps, args));
  }
}
