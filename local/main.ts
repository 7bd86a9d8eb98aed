/** `oet-local`: an embedded cluster with operator and API, on this machine, for one person. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { down } from './supervisor/down.ts';
import { exportsOf, statusText } from './supervisor/report.ts';
import { dataDirOf, pathsOf, type Paths } from './supervisor/paths.ts';
import { liveState } from './supervisor/state.ts';
import { up, type UpOptions } from './supervisor/up.ts';

const NOT_RUNNING = 3;
const FAILED = 1;

const DATA_DIR = ['--data-dir <folder>', 'where everything is kept (OET_LOCAL_DIR)'] as const;

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 (any) to 65535.');
  return value;
}

function namespace(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('A namespace is of lower-case letters, digits and hyphens.');
}

interface Located {
  dataDir?: string;
}

function paths(options: Located): Paths {
  return pathsOf(dataDirOf(options.dataDir, process.env));
}

function program(finish: (code: number) => void): Command {
  const command = new Command('oet-local');
  command
    .description(
      'The OET on this machine: an embedded Kubernetes cluster whose pods are local processes, the operator and the REST API.\n' +
        'It listens on 127.0.0.1 only. It does not isolate scripts: they run as you. Production is a real cluster.',
    )
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done, 1 it failed, 2 usage, 3 it is not up.');
  command
    .command('up')
    .description('start it and stay until Ctrl-C, or leave it running with --detach')
    .option('--detach', 'return when it is ready and leave it running')
    .option(...DATA_DIR)
    .option('--rest-port <port>', 'port of the REST API (5000 at first, then what it had; 0: any)', port)
    .option('--kube-port <port>', 'port of the Kubernetes API (any at first, then what it had)', port)
    .option('--namespace <name>', 'namespace of the procedures', namespace, 'ska-oso-oet')
    .action(async (options: Omit<UpOptions, 'paths'> & Located) => {
      finish(await up({ ...options, paths: paths(options) }));
    });
  command
    .command('down')
    .description('end it with all its processes; the data stays')
    .option(...DATA_DIR)
    .action(async (options: Located) => {
      process.stdout.write((await down(paths(options))) ? 'oet-local is down.\n' : 'oet-local was not up.\n');
      finish(0);
    });
  command
    .command('status')
    .description('tell what runs')
    .option(...DATA_DIR)
    .option('-o, --output <format>', 'json')
    .action((options: Located & { output?: string }) => {
      const state = liveState(paths(options).state);
      const text = options.output === 'json' ? `${JSON.stringify(state ?? null, null, 2)}\n` : statusText(state);
      process.stdout.write(text);
      finish(state === undefined ? NOT_RUNNING : state.ready ? 0 : FAILED);
    });
  command
    .command('env')
    .description('print what a shell needs: eval "$(oet-local env)"')
    .option(...DATA_DIR)
    .action((options: Located) => {
      const place = paths(options);
      const state = liveState(place.state);
      if (state) process.stdout.write(exportsOf(state, place));
      else process.stderr.write('oet-local: it is not up: start it with oet-local up\n');
      finish(state ? 0 : NOT_RUNNING);
    });
  return command;
}

async function main(): Promise<number> {
  let code = 0;
  try {
    await program((value) => (code = value)).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`oet-local: ${error instanceof Error ? error.message : String(error)}\n`);
    return FAILED;
  }
  return code;
}

process.exitCode = await main();
