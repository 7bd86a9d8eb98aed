import { beforeEach, expect, test } from '@jest/globals';
import type { FakeServer } from '../testing/fake-server.ts';
import { serving } from '../testing/serving.ts';
import type { Terminal } from '../testing/terminal.ts';
import { parseJson } from '../values/json.ts';

let server: FakeServer;
let terminal: Terminal;

serving((each) => ({ server, terminal } = each));

beforeEach(() => {
  server.activities.push(
    parseJson(`{"id":1,"uri":"http://oet/api/v7/activities/1","pid":3,"procedure_id":3,"sbd_id":"sbd-t0001-20241028-00008",
      "activity_name":"example_activity","prepare_only":false,"state":"TODO","sbi_id":"sbi-1",
      "script_args":{"init":{"args":[],"kwargs":{"subarray_id":1}},"main":{"args":[],"kwargs":{"sb_json":"/tmp/a.json"}}},
      "activity_states":[["TODO",1730114277.41962]]}`),
  );
});

const TABLE = `  ID  Activity          SB ID                     Creation Time          Procedure ID  State
----  ----------------  ------------------------  -------------------  --------------  -------
   1  example_activity  sbd-t0001-20241028-00008  2024-10-28 11:17:57               3  TODO
 For details on activity:- oet activity describe --aid=<ID>
`;

test('list, and one by its id', async () => {
  expect(await terminal.run('activity', 'list')).toBe(0);
  expect(await terminal.run('activity', 'list', '--aid=1')).toBe(0);
  expect(terminal.out).toBe(TABLE + TABLE);
  expect(await terminal.run('activity', 'list', '--aid=7')).toBe(4);
  expect(terminal.err).toBe('oet: No information available for ID=7\n');
});

test('run', async () => {
  const scriptArgs = `{"main": {"kwargs": {"x": 1.0, "ok": true}}}`;
  const words = [
    'example_activity',
    'sbd-t0001-20241028-00008',
    `--script-args=${scriptArgs}`,
    '--prepare-only',
    '--listen=False',
  ];
  expect(await terminal.run('activity', 'run', ...words)).toBe(0);
  expect(terminal.out).toBe(`${TABLE} For details on script execution:- oet procedure describe --pid=<Procedure ID>\n`);
  expect(server.seen[0]?.body).toBe(
    '{"sbd_id":"sbd-t0001-20241028-00008","activity_name":"example_activity","script_args":{"main":{"kwargs":{"x":1.0,"ok":true}}},' +
      '"prepare_only":true,"create_env":false}',
  );
});

test('run takes the arguments as a Python literal, too, and refuses what is none', async () => {
  expect(
    await terminal.run('activity', 'run', 'a', 's', "--script-args={'main': {'args': [None]}}", '--nolisten'),
  ).toBe(0);
  expect(server.seen[0]?.body).toContain('"script_args":{"main":{"args":[null]}}');
  expect(await terminal.run('activity', 'run', 'a', 's', '--script-args={"main"')).toBe(2);
  expect(await terminal.run('activity', 'run', 'a', 's', '--script-args=[1]')).toBe(2);
  expect(await terminal.run('activity', 'run', 'a', 's', '--script-args={"main": {"args": [1e400]}}')).toBe(2);
  expect(terminal.err).toBe(
    `oet: --script-args: ':' is expected at character 8 of the JSON
oet: --script-args takes an object such as {"main": {"kwargs": {}}}
oet: --script-args: 1e400 is too large for a float
`,
  );
});

test('describe', async () => {
  expect(await terminal.run('activity', 'describe')).toBe(0);
  expect(terminal.out).toBe(`  ID  Activity          SB ID                       Procedure ID  State
----  ----------------  ------------------------  --------------  -------
   1  example_activity  sbd-t0001-20241028-00008               3  TODO

URI                             Prepare Only
------------------------------  --------------
http://oet/api/v7/activities/1  False

Time                        State
--------------------------  -------
2024-10-28 11:17:57.419620  TODO


Script Arguments
-----------------------

Method    Arguments    Keyword Arguments
--------  -----------  --------------------------
init      []           {'subarray_id': 1}
main      []           {'sb_json': '/tmp/a.json'}


For details on script execution related to the activity
use \`oet procedure\` commands with the Procedure ID
`);
});
