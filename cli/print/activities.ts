import type { Activity } from '../http/procedure.ts';
import { argumentRows, historyTable } from './procedures.ts';
import { table, type Column } from './table.ts';
import { utcSeconds } from './time.ts';

const ID: Column = { name: 'ID', right: true };
const PROCEDURE_ID: Column = { name: 'Procedure ID', right: true };
const HINT = ' For details on activity:- oet activity describe --aid=<ID>';
const SCRIPT_HINT = ' For details on script execution:- oet procedure describe --pid=<Procedure ID>';

/** The table of activities that list and run print. */
export function activityTable(activities: readonly Activity[], options: { scriptHint?: boolean } = {}): string {
  const lines = table(
    [ID, { name: 'Activity' }, { name: 'SB ID' }, { name: 'Creation Time' }, PROCEDURE_ID, { name: 'State' }],
    activities.map((activity) => [
      String(activity.id),
      activity.activityName,
      activity.sbdId,
      activity.history[0] === undefined ? '-' : utcSeconds(activity.history[0].time),
      String(activity.procedureId),
      activity.state,
    ]),
  );
  if (activities.length === 0) return lines;
  return [lines, HINT, ...(options.scriptHint === true ? [SCRIPT_HINT] : [])].join('\n');
}

/** All about one activity. */
export function describeActivity(activity: Activity): string {
  return [
    table(
      [ID, { name: 'Activity' }, { name: 'SB ID' }, PROCEDURE_ID, { name: 'State' }],
      [[String(activity.id), activity.activityName, activity.sbdId, String(activity.procedureId), activity.state]],
    ),
    '',
    table([{ name: 'URI' }, { name: 'Prepare Only' }], [[activity.uri, activity.prepareOnly ? 'True' : 'False']]),
    '',
    historyTable(activity.history),
    '',
    '',
    'Script Arguments',
    '-----------------------',
    '',
    table(
      [{ name: 'Method' }, { name: 'Arguments' }, { name: 'Keyword Arguments' }],
      argumentRows(activity.scriptArgs),
    ),
    '',
    '',
    'For details on script execution related to the activity',
    'use `oet procedure` commands with the Procedure ID',
  ].join('\n');
}
