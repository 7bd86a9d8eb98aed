import type { Run } from '../../journal/types.ts';
import { isAlreadyExists, isConflict, isInvalid, isNotFound, isRetryable } from '../../kube/errors.ts';
import { apiError } from '../errors.ts';
import { fromKube } from '../kube-errors.ts';
import type { ApiClock, Ids, Logger, ProcedureResource, Store, StoredProcedure } from '../ports.ts';
import { NO_ARGUMENTS } from '../requests/procedures.ts';
import type { ChangeRequest, CreateRequest } from '../requests/procedures.ts';
import type { StoreWatch } from '../store-watch.ts';
import type { Catalogue } from './catalogue.ts';
import { forgettable } from './history-limit.ts';
import { SingleFlight } from './idempotency.ts';
import { argumentText, idOf, isSame, keyOf, nameOf, procedureFor } from './resource.ts';
import { isOver, summarise } from './summary.ts';
import type { Sources, Summary } from './summary.ts';

/** What the service works with. */
export interface ServicePorts {
  readonly namespace: string;
  readonly resource: ProcedureResource;
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly storeWatch: StoreWatch;
  readonly ids: Ids;
  readonly clock: ApiClock;
  readonly logger: Logger;
  /** Finished procedures of REST beyond this many newest ones are forgotten at a create. */
  readonly historyLimit: number;
}

/** How a procedure is made. */
export interface CreateOptions {
  /** It starts by itself once READY. */
  readonly automatic?: boolean;
  /** The client's key: a second create with it makes nothing. */
  readonly key?: string;
}

/** What is known of a procedure that exists. */
export type KnownSources = Sources & { readonly procedure: StoredProcedure };

/** How many names may be taken by others before a create gives up; each try skips twice as many as the one before. */
const NAME_TRIES = 30;
/** How often a waiting stop looks by itself, should a notice get lost. */
const LOOK_MS = 1000;
/** Upstream's patience. */
const STOP_TIMEOUT_MS = 30_000;
/** What the cluster may take beyond the script's grace. */
const STOP_SLACK_MS = 10_000;

/** What REST does with procedures. Every error is an ApiError, or unexpected. */
export class ProcedureService {
  readonly #ports: ServicePorts;
  readonly #flights = new SingleFlight();

  constructor(ports: ServicePorts) {
    this.#ports = ports;
  }

  /** All that have an id, oldest first. */
  async list(): Promise<Summary[]> {
    const { store, catalogue, namespace } = this.#ports;
    const runs = new Map((await store.runs(namespace)).map((run) => [run.uid, run]));
    return catalogue.list().map((procedure) => summarise({ procedure, run: runs.get(procedure.metadata.uid) }));
  }

  async get(id: number): Promise<Summary> {
    return summarise(await this.sources(id));
  }

  /** What is known of a procedure; `unknown-procedure` if nothing is. */
  async sources(id: number): Promise<KnownSources> {
    const procedure = await this.#known(id);
    return { procedure, run: await this.#ports.store.run(procedure.metadata.uid) };
  }

  /** The run of an id, even if its procedure has been deleted since: its record stays in the store for a while. */
  async record(id: number): Promise<Sources> {
    const { catalogue, store, namespace } = this.#ports;
    const procedure = catalogue.get(id);
    const run = await (procedure ? store.run(procedure.metadata.uid) : runById(store, namespace, id));
    return procedure || run ? { procedure, run } : this.sources(id);
  }

  /** Makes a procedure, or finds the one that was made under the same key. */
  async create(request: CreateRequest, options: CreateOptions = {}): Promise<Summary> {
    const { key } = options;
    if (key === undefined) return this.#create(request, options);
    return this.#flights.run(key, async () => {
      const procedure = this.#ports.catalogue.list().find((each) => keyOf(each) === key);
      if (!procedure) return this.#create(request, options);
      return summarise({ procedure, run: await this.#ports.store.run(procedure.metadata.uid) });
    });
  }

  async #create(request: CreateRequest, options: CreateOptions): Promise<Summary> {
    const { namespace, clock, resource, catalogue } = this.#ports;
    let id = await this.#freeId(1);
    for (let tries = 1, skip = 1; ; tries++) {
      const created = Math.round(clock.now() * 1000);
      const wanted = procedureFor(request, { namespace, id, created, ...options });
      try {
        const procedure = await resource
          .create(wanted)
          .catch((error: unknown) => this.#foundAfter(error, nameOf(id), (found) => isSame(found, wanted)));
        catalogue.noteWritten(procedure);
        this.#forget();
        return summarise({ procedure });
      } catch (error) {
        if (!isAlreadyExists(error) || tries >= NAME_TRIES) throw fromKube(error);
        // The counter was lost, or somebody made an object of that name: go past all that we know of, then in leaps.
        const beyond = catalogue.maxId - id + 1;
        id = await this.#freeId(Math.max(beyond, skip));
        skip *= 2;
      }
    }
  }

  /** Asks for `main` to run; the answer shows READY still. Exactly one of several starts succeeds. */
  async start({ procedure, run }: KnownSources, { args }: ChangeRequest): Promise<Summary> {
    const { id, state } = summarise({ procedure, run });
    if (state !== 'READY') throw apiError('not-ready', [id, state]);
    // READY comes a second time, after main; the operator knows better, but its answer would come late.
    if (procedure.spec.start ?? hasRun(run)) throw apiError('already-started', [id, state]);
    if (procedure.spec.stop) throw apiError('being-stopped', [id, state]);
    const argsJSON = args.main ?? (procedure.spec.main ? argumentText(procedure.spec.main) : NO_ARGUMENTS);
    // The time makes every request differ, so that write-once lets only the first of several equal ones through.
    const start = { argsJSON, time: new Date(this.#ports.clock.now()).toISOString() };
    const started = await this.#patch(
      id,
      procedure,
      { spec: { start } },
      ({ spec }) => spec.start?.time === start.time,
      'already-started',
    );
    return summarise({ procedure: started, run });
  }

  /** Asks for the end and waits for it. False if the script is over already, or ended otherwise before the stop came. */
  async stop(before: KnownSources, signal: AbortSignal): Promise<boolean> {
    if (isOver(before)) return false;
    const { id } = summarise(before);
    let { procedure } = before;
    if (!procedure.spec.stop) {
      const stop = { mode: 'Graceful', reason: 'user' };
      procedure = await this.#patch(
        id,
        procedure,
        { spec: { stop } },
        ({ spec }) => spec.stop !== undefined,
        'being-stopped',
      ).catch(async (error: unknown) => {
        const now = await this.sources(id);
        if (now.procedure.spec.stop || isOver(now)) return now.procedure; // somebody else was faster
        throw error;
      });
    }
    const { catalogue } = this.#ports;
    const grace = (procedure.spec.stop?.gracePeriodSeconds ?? 10) * 1000;
    const end = await this.#over(procedure, Math.max(STOP_TIMEOUT_MS, grace + STOP_SLACK_MS), signal);
    const { state } = summarise(end);
    // Nobody had taken it up, and now nobody will: what never ran has stopped.
    if (!end.run && !catalogue.current(procedure)) return true;
    if (!isOver(end) || state === 'UNKNOWN') throw apiError('stop-timeout', [id, state]);
    return state === 'STOPPED';
  }

  /** Forgets a procedure; one that runs is stopped by the loss of its resource. */
  async remove(id: number): Promise<void> {
    await this.#delete(await this.#known(id));
  }

  async #known(id: number): Promise<StoredProcedure> {
    const procedure = this.#ports.catalogue.get(id) ?? (await this.#unwatched(id));
    if (!procedure) throw apiError('unknown-procedure', [id]);
    return procedure;
  }

  /** One that another replica of this server has just made: our watch tells of it a moment later. */
  async #unwatched(id: number): Promise<StoredProcedure | undefined> {
    const { resource, catalogue } = this.#ports;
    try {
      const found = await resource.get(nameOf(id));
      return idOf(found) === id && catalogue.noteFound(found) ? found : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw fromKube(error);
    }
  }

  /** An id that the store has no run of: one is there if the counter was lost. */
  async #freeId(count: number): Promise<number> {
    const { ids, store, namespace } = this.#ports;
    try {
      for (let take = count, skip = 1; ; take = skip, skip *= 2) {
        const id = (await ids.next(take)) + take - 1;
        if (!(await runById(store, namespace, id))) return id;
      }
    } catch (error) {
      throw fromKube(error);
    }
  }

  async #patch(
    id: number,
    procedure: StoredProcedure,
    patch: object,
    isDone: (found: StoredProcedure) => boolean,
    conflict: 'already-started' | 'being-stopped',
  ): Promise<StoredProcedure> {
    const { resource, catalogue } = this.#ports;
    try {
      const { name } = procedure.metadata;
      const patched = await resource
        .mergePatch(name, patch)
        .catch((error: unknown) => this.#foundAfter(error, name, isDone));
      catalogue.noteWritten(patched);
      return patched;
    } catch (error) {
      if (isNotFound(error)) throw apiError('unknown-procedure', [id], { cause: error });
      if (isInvalid(error) || isConflict(error))
        throw apiError(conflict, [id, summarise({ procedure }).state], { cause: error });
      throw fromKube(error);
    }
  }

  /** A write whose answer was lost may have been carried out: looks once. Throws `error` if it was not. */
  async #foundAfter(
    error: unknown,
    name: string,
    isDone: (found: StoredProcedure) => boolean,
  ): Promise<StoredProcedure> {
    if (!isRetryable(error) || error.status === 429) throw error;
    const found = await this.#ports.resource.get(name).catch(() => undefined);
    if (!found || !isDone(found)) throw error;
    return found;
  }

  /** Waits until a procedure is over, at most `ms`. */
  async #over(procedure: StoredProcedure, ms: number, signal: AbortSignal): Promise<Sources> {
    const { store, storeWatch, catalogue, clock } = this.#ports;
    const { uid } = procedure.metadata;
    const deadline = clock.now() + ms;
    for (;;) {
      const seen = storeWatch.lastId;
      // News from either source end the wait; leaving it takes both waits along.
      const leave = new AbortController();
      const change = catalogue.changed(leave.signal);
      const run = await store.run(uid);
      const known = catalogue.current(procedure);
      const sources = { procedure: known ?? procedure, run };
      const left = deadline - clock.now();
      const goes = run !== undefined || known !== undefined;
      if (!isOver(sources) && goes && left > 0 && !signal.aborted) {
        await Promise.race([change, storeWatch.wait(seen, leave.signal, Math.min(left, LOOK_MS))]);
        leave.abort();
        continue;
      }
      leave.abort();
      return sources;
    }
  }

  #forget(): void {
    const { catalogue, historyLimit, logger } = this.#ports;
    for (const procedure of forgettable(catalogue.list(), historyLimit)) {
      this.#delete(procedure).catch((error: unknown) => {
        logger.warn({ err: error, name: procedure.metadata.name }, 'a finished procedure was not forgotten');
      });
    }
  }

  async #delete(procedure: StoredProcedure): Promise<void> {
    const { catalogue, resource } = this.#ports;
    const { name, uid } = procedure.metadata;
    catalogue.noteDeleted(procedure);
    try {
      await resource.delete(name, { uid });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return; // gone, or another object has the name by now
      catalogue.undelete(procedure);
      throw fromKube(error);
    }
  }
}

function hasRun(run: Run | undefined): boolean {
  return run?.history.some(([state]) => state === 'RUNNING') ?? false;
}

/** Ids come from clients: one that the store cannot hold is one that it does not have. */
async function runById(store: Store, namespace: string, id: number): Promise<Run | undefined> {
  return Number.isSafeInteger(id) && id > 0 ? store.runById(namespace, id) : undefined;
}
