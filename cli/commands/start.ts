import { callArguments, flagOption, formatOption, idOption, scriptArguments } from '../args/read.ts';
import { CliError } from '../errors.ts';
import type { Client } from '../http/client.ts';
import type { Procedure } from '../http/procedure.ts';
import { procedureTable, wideProcedureTable } from '../print/procedures.ts';
import { asText, member, type Value } from '../values/value.ts';
import { lastProcedure, procedureName, show, talk, type Command, type Context } from './command.ts';
import { eventHeading, listenTo, printEvents, STANDARD_EXCLUDE, topicList } from './events.ts';
import { LISTEN_OPTION, pidOption } from './options.ts';
import { waitFor } from './wait.ts';

/** States on the way to READY. */
const PREPARING = new Set(['CREATING', 'IDLE', 'PREP_ENV', 'LOADING', 'INITIALISING']);
/** As long as upstream's server waits for anything. */
const PATIENCE_MS = 30_000;

/** `oet procedure start`. */
export const start: Command = {
  spec: {
    name: 'start',
    summary: 'run main of a procedure that is READY',
    description:
      'All words and options that are none of the command are arguments of main; values are Python literals where they are any, else text. ' +
      'A procedure that is still being prepared is waited for, up to 30 s. Ctrl-C ends the listening, not the script.',
    examples: ['oet procedure start --pid=3 sbi-20260101-00001 --scans=[1,2] --listen=False'],
    positionals: [],
    options: [
      pidOption('the last one created'),
      LISTEN_OPTION,
      {
        name: 'output',
        short: 'o',
        shortOnly: true,
        kind: 'format',
        metavar: 'FORMAT',
        help: 'json, yaml, wide or name',
      },
    ],
    rest: 'script',
  },
  async run(context) {
    const { parsed } = context;
    const format = formatOption(parsed);
    const listen = flagOption(parsed, 'listen', true) && format === undefined;
    const { args, kwargs } = scriptArguments(parsed);
    const client = await context.client();
    const pid = await readyProcedure(context, client, idOption(parsed, 'pid'));
    // Before the start, so that its first events are seen.
    const events = listen ? await listenTo(context) : undefined;
    const procedure = await client.start(pid, callArguments(args, kwargs));
    await show(context, format, {
      raw: procedure.raw,
      names: [procedureName(procedure)],
      plain: () => procedureTable([procedure]),
      wide: () => wideProcedureTable([procedure]),
    });
    if (events === undefined) return 'ok';
    context.leaveWith(`procedure ${pid} goes on; oet procedure stop --pid=${pid} stops it`);
    await eventHeading(context);
    return printEvents(context, events, {
      topics: ['all'],
      exclude: topicList(STANDARD_EXCLUDE),
      onEvent: (event) => {
        if (endsProcedure(event, pid)) context.leaveWith(undefined);
      },
    });
  },
};

const ENDS = /^procedure\.lifecycle\.(?:complete|failed|stopped)$/;

function endsProcedure(event: Value, pid: number): boolean {
  return ENDS.test(asText(member(event, 'topic')) ?? '') && member(member(event, 'result'), 'id') === BigInt(pid);
}

/** Gives the id of a procedure that is READY; one that is still being prepared is waited for. */
async function readyProcedure(context: Context, client: Client, pid: number | undefined): Promise<number> {
  const found = pid === undefined ? lastProcedure(await client.procedures(), 'start') : await client.procedure(pid);
  const { id, state } = await prepared(context, client, found);
  if (state === 'READY') return id;
  throw new CliError(
    'refused',
    pid === undefined
      ? `The last procedure created is in ${state} state and cannot be started, please specify a valid procedure ID.`
      : `Cannot start a procedure in state ${state}.`,
  );
}

/**
 * Waits for the end of the preparation. `create` and `start` typed one after the other met a READY procedure with upstream,
 * whose processes were there within milliseconds; a pod takes a second or two.
 */
async function prepared(context: Context, client: Client, procedure: Procedure): Promise<Procedure> {
  const { id, state } = procedure;
  const { clock, interrupted } = context.ports;
  if (!PREPARING.has(state)) return procedure;
  await talk(context, `procedure ${id} is ${state}; waiting until it is READY`);
  try {
    const reached = await waitFor(client, clock, id, {
      reached: (candidate) => !PREPARING.has(candidate.state),
      timeoutMs: PATIENCE_MS,
      signal: interrupted,
      what: 'READY',
    });
    return reached ?? procedure;
  } catch (error) {
    if (error instanceof CliError && error.exit === 'timeout') return client.procedure(id);
    throw error;
  }
}
