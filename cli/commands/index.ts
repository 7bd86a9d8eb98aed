import { describeActivityCommand, listActivities, runActivity, NEEDS } from './activity.ts';
import type { Command } from './command.ts';
import { create } from './create.ts';
import { deleteProcedure } from './delete.ts';
import { describe } from './describe.ts';
import { journal } from './journal.ts';
import { list } from './list.ts';
import { listen } from './listen.ts';
import { logs } from './logs.ts';
import { run } from './run.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { wait } from './wait.ts';

/** Commands with a common first word. */
export interface Group {
  readonly name: string;
  readonly summary: string;
  /** Shown below the usage in the group's own help, in place of the summary. */
  readonly description?: string;
  readonly commands: readonly Command[];
}

/** `oet procedure …` and `oet activity …`. */
export const GROUPS: readonly Group[] = [
  {
    name: 'procedure',
    summary: 'load scripts, start, watch and stop them',
    commands: [create, list, start, stop, describe, logs, wait, deleteProcedure],
  },
  {
    name: 'activity',
    summary: 'run activities of Scheduling Block Definitions',
    description: `run activities of Scheduling Block Definitions\n\n${NEEDS}`,
    commands: [runActivity, listActivities, describeActivityCommand],
  },
];

/** Commands of one word. */
export const COMMANDS: readonly Command[] = [run, listen, journal];
