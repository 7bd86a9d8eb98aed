import { durationOption, readId } from '../args/read.ts';
import { CliError, usageError } from '../errors.ts';
import type { Client } from '../http/client.ts';
import { isFinal, type Procedure } from '../http/procedure.ts';
import { persist } from '../http/retry.ts';
import type { Clock } from '../ports.ts';
import { print, type Command } from './command.ts';

const FIRST_POLL_MS = 40;
const LONGEST_POLL_MS = 500;
const STATES =
  'CREATING IDLE PREP_ENV LOADING INITIALISING READY RUNNING STOPPING COMPLETE STOPPED FAILED UNKNOWN'.split(' ');
/** Any state in which a procedure is over. */
const ENDED = 'ENDED';

/** `oet procedure wait`, beyond upstream. */
export const wait: Command = {
  spec: {
    name: 'wait',
    summary: 'wait until a procedure is in a state',
    description:
      'STATE is one state or several with commas; ENDED stands for COMPLETE, FAILED and STOPPED. RUNNING is also met by ' +
      'a procedure that has been running and is over. Exit code 1 when the procedure ends in another state, 7 when the time is over.',
    examples: ['oet procedure wait 7 --for=READY --timeout=30s'],
    positionals: [{ name: 'pid', help: 'the procedure' }],
    options: [
      { name: 'for', kind: 'text', metavar: 'STATE', help: 'what to wait for', standard: ENDED },
      { name: 'timeout', kind: 'seconds', metavar: 'TIME', help: 'how long: 30, 30s, 5m, 1h', standard: 'for ever' },
    ],
  },
  async run(context) {
    const { parsed, ports } = context;
    const id = readId(parsed.positionals.get('pid') ?? '', 'PID');
    const wanted = readStates(parsed.options.get('for') ?? ENDED);
    const timeoutMs = durationOption(parsed, 'timeout');
    const procedure = await waitFor(await context.client(), ports.clock, id, {
      reached: (candidate) => meets(candidate, wanted),
      timeoutMs,
      signal: ports.interrupted,
      what: [...wanted].join(' or '),
    });
    if (procedure === undefined) return 'interrupted';
    await print(context, procedure.state);
    if (meets(procedure, wanted)) return 'ok';
    throw new CliError('scriptFailed', `procedure ${id} ended in state ${procedure.state}${because(procedure)}`);
  },
};

function readStates(text: string): Set<string> {
  const states = text.split(',').map((state) => state.trim().toUpperCase());
  const unknown = states.find((state) => state !== ENDED && !STATES.includes(state));
  if (unknown !== undefined) throw usageError(`--for takes ${STATES.join(', ')} or ${ENDED}, not '${unknown}'`);
  return new Set(states);
}

function meets({ state, history }: Procedure, wanted: ReadonlySet<string>): boolean {
  if (wanted.has(state) || (wanted.has(ENDED) && isFinal(state))) return true;
  return wanted.has('RUNNING') && isFinal(state) && history.some((change) => change.state === 'RUNNING');
}

/** ` (why)`, as far as it is known. */
export function because({ failure, reason, message }: Procedure): string {
  const why = failure ?? message;
  // "SystemExit: SystemExit: 3" says it twice.
  const parts = [why?.startsWith(reason ?? ':') === true ? undefined : reason, why].filter(
    (part) => part !== undefined && part !== '',
  );
  return parts.length === 0 ? '' : ` (${parts.join(': ')})`;
}

/**
 * Asks until the procedure is as wanted or over, whichever is first: often at first, after ten seconds twice a second. Undefined
 * when the signal fires; throws a CliError `timeout` when the time is over. A server that is away is waited for.
 */
export async function waitFor(
  client: Client,
  clock: Clock,
  id: number,
  options: {
    reached: (procedure: Procedure) => boolean;
    timeoutMs: number | undefined;
    signal: AbortSignal;
    what: string;
  },
): Promise<Procedure | undefined> {
  const end = options.timeoutMs === undefined ? Infinity : clock.now() + options.timeoutMs;
  const { signal } = options;
  let known: Procedure | undefined;
  const begin = clock.now();
  while (!signal.aborted) {
    const patienceMs = known === undefined ? 0 : Math.min(end - clock.now(), 300_000);
    known = await persist(clock, () => client.procedure(id), { signal, patienceMs });
    if (options.reached(known) || isFinal(known.state)) return known;
    const left = end - clock.now();
    if (left <= 0) throw new CliError('timeout', `procedure ${id} is still ${known.state}, not ${options.what}`);
    const pause = Math.min(FIRST_POLL_MS + (clock.now() - begin) / 20, LONGEST_POLL_MS, left);
    await clock.sleep(pause, signal);
  }
  return undefined;
}
