import { setImmediate as endOfTurn } from 'node:timers/promises';
import { callArguments, durationOption, flagOption, scriptArguments } from '../args/read.ts';
import { CliError } from '../errors.ts';
import { EXIT_CODES, type ExitName } from '../exit-codes.ts';
import type { Client, OutputStream } from '../http/client.ts';
import { followOutput } from '../http/follow.ts';
import { isFinal, isOver, type Procedure } from '../http/procedure.ts';
import { isPassing, persist } from '../http/retry.ts';
import type { Value, ValueMap } from '../values/value.ts';
import { whenAborted } from '../signals.ts';
import { talk, type Command, type Context } from './command.ts';
import { SCRIPT_OPTIONS } from './options.ts';
import { readScript, subarrayId } from './script.ts';
import { because, waitFor } from './wait.ts';

const INIT_PREFIX = 'init.';
const PATIENCE_MS = 300_000;
const AFTER_READER_MS = 100;

/** `oet run`, beyond upstream. */
export const run: Command = {
  spec: {
    name: 'run',
    summary: 'create a procedure, start it, show its output, exit with its verdict',
    description:
      'SCRIPT as in `oet procedure create`; a file of this machine is sent along. What follows SCRIPT are arguments of main, ' +
      '--init.NAME=VALUE and --subarray_id those of init. stdout and stderr are those of the script. Ctrl-C stops it; a second ' +
      'one leaves at once. Exit code: 0 COMPLETE, 1 the script failed, 128+n killed by signal n, 143 stopped by somebody else.',
    examples: [
      'oet run hello.py world --times=3',
      'oet run --timeout=10m file:///tmp/scripts/scan.py --init.mode=fast',
    ],
    positionals: [{ name: 'script', help: 'the script' }],
    options: [
      { name: 'timeout', kind: 'seconds', metavar: 'TIME', help: 'stop it when it takes longer: 30, 30s, 5m, 1h' },
      { name: 'quiet', short: 'q', kind: 'flag', help: 'no words of our own on stderr unless something fails' },
      ...SCRIPT_OPTIONS,
    ],
    rest: 'script',
    optionsFirst: true,
    anywhere: SCRIPT_OPTIONS.map(({ name }) => name),
  },
  ownsInterrupt: true,
  async run(context) {
    const { parsed, ports } = context;
    const timeoutMs = durationOption(parsed, 'timeout');
    const quiet = flagOption(parsed, 'quiet', false);
    const { init, main } = splitArguments(context);
    const script = await readScript(ports, parsed, parsed.positionals.get('script') ?? '');
    const client = await context.client();
    const { id } = await creation(context, client.create(script, init));
    if (!quiet) await talk(context, `procedure ${id} created`);
    return new Run(context, client, id, main).watch(timeoutMs, quiet);
  },
};

/** Waits for a procedure to be created, also after Ctrl-C: what has no number cannot be stopped. */
async function creation(context: Context, created: Promise<Procedure>): Promise<Procedure> {
  const answered = new AbortController();
  const { interrupted } = context.ports;
  void whenAborted(AbortSignal.any([interrupted, answered.signal])).then(async () => {
    if (!answered.signal.aborted)
      await talk(context, 'waiting for the number of the procedure, to stop it; Ctrl-C again leaves, and it may run');
  });
  return created.finally(() => answered.abort());
}

/** Arguments of init (`--init.NAME`, `--subarray_id`) and of main (all else). */
function splitArguments(context: Context): { init: Value; main: Value } {
  const { args, kwargs } = scriptArguments(context.parsed);
  const init: ValueMap = new Map([['subarray_id', subarrayId(context.parsed)]]);
  const main: ValueMap = new Map();
  for (const [name, value] of kwargs) {
    if (name.startsWith(INIT_PREFIX)) init.set(name.slice(INIT_PREFIX.length), value);
    else main.set(name, value);
  }
  return { init: callArguments([], init), main: callArguments(args, main) };
}

/** One procedure, watched from its creation to its end. */
class Run {
  readonly #context: Context;
  readonly #client: Client;
  readonly #id: number;
  readonly #main: Value;
  /** Why it is being stopped by us, if it is. */
  #stopping: 'interrupted' | 'timeout' | undefined;

  constructor(context: Context, client: Client, id: number, main: Value) {
    this.#context = context;
    this.#client = client;
    this.#id = id;
    this.#main = main;
  }

  async watch(timeoutMs: number | undefined, quiet: boolean): Promise<ExitName | number> {
    const { interrupted, clock } = this.#context.ports;
    const finished = new AbortController();
    const failed = new AbortController();
    const interruption = whenAborted(AbortSignal.any([interrupted, finished.signal])).then(() =>
      this.#onInterrupt(finished.signal),
    );
    const deadline =
      timeoutMs === undefined
        ? Promise.resolve()
        : clock.sleep(timeoutMs, finished.signal).then(() => this.#onTimeout(finished.signal));
    // init may print, so the output is followed from the beginning.
    const outputs = Promise.all([this.#copy('stdout', failed.signal), this.#copy('stderr', failed.signal)]);
    try {
      await Promise.race([Promise.all([outputs, this.#start()]), failure(interruption), failure(deadline)]);
    } catch (error) {
      if (!(error instanceof CliError) || error.exit !== 'output') throw error;
      // Ctrl-C ends the other programs of a pipeline, too, and may be seen here a moment after that: the stop is seen to its end.
      await clock.sleep(AFTER_READER_MS, interrupted);
      // After a stall the timer comes before the signal, which is read in the second half of a turn.
      await endOfTurn();
      if (!this.#isStopping()) {
        const rest = `procedure ${this.#id} goes on; oet procedure stop --pid=${this.#id} stops it`;
        throw new CliError('output', `${error.message}; ${rest}`, { cause: error });
      }
    } finally {
      finished.abort();
      failed.abort();
    }
    const procedure = await this.#current(({ state }) => isOver(state));
    return this.#verdict(procedure, quiet);
  }

  #copy(stream: OutputStream, signal: AbortSignal): Promise<void> {
    const { ports } = this.#context;
    return followOutput({
      client: this.#client,
      clock: ports.clock,
      id: this.#id,
      stream,
      sink: ports[stream],
      signal,
      ...(stream === 'stdout'
        ? { onCut: (reason: string) => talk(this.#context, `output cut (${reason}); reconnecting`) }
        : {}),
    });
  }

  async #start(): Promise<void> {
    const ready = await this.#current(({ state }) => state === 'READY' || this.#isStopping());
    if (ready.state !== 'READY' || this.#isStopping()) return;
    const { clock } = this.#context.ports;
    for (;;) {
      try {
        await this.#client.start(this.#id, this.#main);
        return;
      } catch (error) {
        // Whether a request without an answer was acted on can be seen: a start leaves main's arguments behind.
        const procedure = await persist(clock, () => this.#client.procedure(this.#id), { patienceMs: PATIENCE_MS });
        if (isFinal(procedure.state) || procedure.state === 'STOPPING' || this.#isStopping()) return;
        if (!isPassing(error)) throw error;
        if (procedure.scriptArgs.has('main') || procedure.state !== 'READY') return;
        await clock.sleep(250);
      }
    }
  }

  #isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  async #current(reached: (procedure: Procedure) => boolean): Promise<Procedure> {
    const procedure = await waitFor(this.#client, this.#context.ports.clock, this.#id, {
      reached,
      timeoutMs: undefined,
      signal: new AbortController().signal,
      what: 'over',
    });
    if (procedure === undefined) throw new CliError('server', `procedure ${this.#id} cannot be watched`);
    return procedure;
  }

  async #onInterrupt(finished: AbortSignal): Promise<void> {
    if (finished.aborted || this.#stopping !== undefined) return;
    this.#stopping = 'interrupted';
    await talk(this.#context, `stopping procedure ${this.#id}; Ctrl-C again leaves it to itself`);
    await this.#stop();
  }

  async #onTimeout(finished: AbortSignal): Promise<void> {
    if (finished.aborted || this.#stopping !== undefined) return;
    this.#stopping = 'timeout';
    await talk(this.#context, `the time is over: stopping procedure ${this.#id}`);
    await this.#stop();
  }

  async #stop(): Promise<void> {
    const { clock } = this.#context.ports;
    let told = false;
    await persist(clock, () => this.#client.stop(this.#id, false), {
      patienceMs: PATIENCE_MS,
      onFailure: async ({ message }) => {
        if (!told) await talk(this.#context, `the stop did not get through (${message}); trying again`);
        told = true;
      },
    });
  }

  async #verdict(procedure: Procedure, quiet: boolean): Promise<ExitName | number> {
    const { state, signal, stacktrace } = procedure;
    if (state === 'FAILED' && stacktrace !== undefined && stacktrace !== '') {
      await this.#context.ports.stderr.write(`${stacktrace.trimEnd()}\n`);
    }
    if (state !== 'COMPLETE' || !quiet)
      await talk(this.#context, `procedure ${this.#id} ${state}${state === 'COMPLETE' ? '' : because(procedure)}`);
    if (this.#stopping !== undefined && state !== 'COMPLETE') return this.#stopping;
    return verdict(state, signal);
  }
}

/** The exit code for a procedure's end. */
function verdict(state: string, signal: number | undefined): ExitName | number {
  if (state === 'COMPLETE') return 'ok';
  if (state === 'STOPPED') return EXIT_CODES.stopped.code;
  if (state === 'UNKNOWN') return 'server';
  return signal === undefined ? 'scriptFailed' : 128 + signal;
}

/** Never resolves; rejects when the promise does. */
function failure(promise: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    promise.catch(reject);
  });
}
