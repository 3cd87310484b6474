import {
  invalidArgument,
  isJsonObject,
  memberOf,
  MethodError,
  SetError,
  type Arguments,
  type JsonObject,
} from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import { SubmissionsChanged } from '#mail/email-submissions';
import type { JmapMethod, MethodCall } from '#proto/jmap-server';
import { createSubmission } from './email-submission-create.ts';
import { submissionObject, submissionProperties } from './email-submission-object.ts';
import { emailIds, submissionIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { isSameJson } from './same-json.ts';
import { resolvedId, setCallOf, SetResults, type SetCall } from './set-call.ts';
import { submissionUri } from './submission-capability.ts';

/**
 * EmailSubmission/set (RFC 8621 §7.5). Each submission is created by itself, in the transaction that queues its message; emails are changed
 * afterwards, by the call of Email/set that is implied.
 */
export const emailSubmissionSet: JmapMethod<MailContext> = {
  name: 'EmailSubmission/set',
  capability: submissionUri,
  run: async (args, context, request) => {
    const account = accountOf(args, context);
    const call = setCallOf(args, context);
    const implied = impliedChanges(args);
    args.end();
    const oldState = await context.sending.submissions.state(account.id);
    if (call.ifInState !== null && call.ifInState !== String(oldState))
      throw new MethodError('stateMismatch', `the state is ${oldState}`);
    const changes = new SubmissionChanges(context, request.createdIds, oldState, call.ifInState !== null);
    await changes.create(call);
    await changes.update(call);
    await changes.destroy(call);
    callEmailSet(implied, changes.emails, context, request);
    return changes.results.responseOf(context, String(oldState), String(changes.state));
  },
};

/** Changes of emails that follow a success, by the ids of submissions. */
interface ImpliedChanges {
  readonly update: ReadonlyMap<string, JsonObject>;
  readonly destroy: readonly string[];
}

function impliedChanges(args: Arguments): ImpliedChanges {
  const update = new Map<string, JsonObject>();
  for (const [id, patch] of Object.entries(args.object('onSuccessUpdateEmail', null) ?? {})) {
    if (!isJsonObject(patch)) throw invalidArgument('onSuccessUpdateEmail', 'objects are expected');
    update.set(id, patch);
  }
  return { update, destroy: args.texts('onSuccessDestroyEmail', null) ?? [] };
}

/** Has the emails of what succeeded changed, in one call. @param emails  By the ids of submissions, and by `#` and creation ids. */
function callEmailSet(
  { update, destroy }: ImpliedChanges,
  emails: ReadonlyMap<string, string>,
  { accountId }: MailContext,
  { callNext }: Pick<MethodCall, 'callNext'>,
): void {
  const patches = new Map<string, JsonObject>();
  for (const [id, patch] of update) {
    const email = emails.get(id);
    if (email !== undefined) patches.set(email, { ...patches.get(email), ...patch });
  }
  const leaving = [...new Set(destroy.flatMap((id) => emails.get(id) ?? []))];
  if (patches.size === 0 && leaving.length === 0) return;
  callNext('Email/set', { accountId, update: Object.fromEntries(patches), destroy: leaving });
}

/** The changes of one call. */
class SubmissionChanges {
  readonly results = new SetResults();
  /** Emails of what succeeded, by the ids of submissions, and by `#` and creation ids. */
  readonly emails = new Map<string, string>();
  readonly #context: MailContext;
  readonly #createdIds: Map<string, string>;
  /** State that the next change must find; null for any. */
  #expected: ModSeq | 0 | null;
  #state: ModSeq | 0;

  constructor(context: MailContext, createdIds: Map<string, string>, state: ModSeq | 0, isExpected: boolean) {
    this.#context = context;
    this.#createdIds = createdIds;
    this.#state = state;
    this.#expected = isExpected ? state : null;
  }

  /** State after the changes of this call, as far as no others came between: clients would not learn of those. */
  get state(): ModSeq | 0 {
    return this.#state;
  }

  async create({ create }: SetCall): Promise<void> {
    for (const [creationId, object] of create) {
      await this.#try('notCreated', creationId, async () => {
        const deps = { createdIds: this.#createdIds, expected: this.#expected };
        const { id, object: set, email, state } = await createSubmission(object, this.#context, deps);
        this.#changedTo(state);
        this.#createdIds.set(creationId, id);
        this.#succeeded([`#${creationId}`, id], email);
        this.results.created(creationId, set);
      });
    }
  }

  async update({ update, destroy }: SetCall): Promise<void> {
    const leaving = new Set(destroy.map((given) => resolvedId(given, this.#createdIds)));
    for (const [given, patch] of update) {
      await this.#try('notUpdated', given, async () => {
        const id = resolvedId(given, this.#createdIds);
        if (leaving.has(id)) throw new SetError('willDestroy', 'this call destroys the submission');
        const email = await this.#update(id, patch);
        this.#succeeded([given, id ?? given], email);
        this.results.updated(id ?? given);
      });
    }
  }

  async destroy({ destroy }: SetCall): Promise<void> {
    for (const given of new Set(destroy)) {
      await this.#try('notDestroyed', given, async () => {
        const id = resolvedId(given, this.#createdIds);
        const { account, sending } = this.#context;
        const { submission } = await this.#find(id);
        const gone = await sending.submissions.destroy(account.id, submission.id, this.#expected);
        if (gone === null) throw new SetError('notFound', 'there is no such submission');
        this.#changedTo(gone);
        this.#succeeded([given, id ?? given], submission.email);
        this.results.destroyed(id ?? given);
      });
    }
  }

  /** Changes a submission: it can be taken back, and nothing else (RFC 8621 §7.5). @returns its email. */
  async #update(id: string | null, patch: JsonObject): Promise<number> {
    const { account, sending } = this.#context;
    const { submission, object } = await this.#find(id);
    const others = Object.keys(patch).filter(
      (name) => name !== 'undoStatus' && !isSameJson(memberOf(object, name), memberOf(patch, name)),
    );
    if (others.length > 0)
      throw new SetError(
        'invalidProperties',
        'only undoStatus can be changed',
        others.map((name) => name.slice(0, 100)),
      );
    const wanted = memberOf(patch, 'undoStatus');
    if (wanted === undefined || wanted === submission.undo) return submission.email;
    if (wanted !== 'canceled')
      throw new SetError('invalidProperties', 'undoStatus: it can become canceled', ['undoStatus']);
    const recalled = await sending.submissions.cancel(
      account.id,
      submission.id,
      (tx, message) => sending.queue.recallIn(tx, message),
      this.#expected,
    );
    if (recalled.kind !== 'canceled')
      throw recalled.kind === 'notFound'
        ? new SetError('notFound', 'there is no such submission')
        : new SetError('cannotUnsend', 'the message may have left for a recipient already');
    this.#changedTo(recalled.state);
    return submission.email;
  }

  async #find(id: string | null) {
    const { account, sending } = this.#context;
    const row = id === null ? null : submissionIds.read(id);
    const [submission] = row === null ? [] : (await sending.submissions.list(account.id, [row])).submissions;
    if (submission === undefined) throw new SetError('notFound', 'there is no such submission');
    return { submission, object: await submissionObject(submission, submissionProperties, this.#context) };
  }

  #changedTo(state: ModSeq): void {
    this.#expected = null;
    if (state === this.#state + 1) this.#state = state;
  }

  #succeeded(ids: readonly string[], email: number): void {
    for (const id of ids) this.emails.set(id, emailIds.write(email));
  }

  /** Makes one change. Trouble with one must not hide that others were sent. @throws MethodError when submissions have another state than the client expects. */
  async #try(
    kind: 'notCreated' | 'notUpdated' | 'notDestroyed',
    id: string,
    change: () => Promise<void>,
  ): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (error instanceof SubmissionsChanged)
        throw new MethodError('stateMismatch', 'submissions have changed meanwhile');
      if (error instanceof SetError) return this.results.refused(kind, id, error);
      this.#context.sending.log.error('jmap.submissionFailed', { account: this.#context.account.name }, error);
      this.results.refused(
        kind,
        id,
        new SetError('forbiddenToSend', 'the server cannot do this at the moment; its log has the reason'),
      );
    }
  }
}
