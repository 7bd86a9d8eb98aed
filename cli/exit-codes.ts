/** One exit code of the command line and what it tells a shell script. */
export interface ExitCode {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
}

/**
 * Every exit code of `oet`, in one place: the commands take theirs from here, and docs/reference/exit-codes.md is this
 * table. Codes from 129 on mirror a script that ended by a signal (128 + its number) and come from `oet run` only.
 */
export const EXIT_CODES = {
  ok: { code: 0, name: 'ok', meaning: 'Done. For `oet run`: the script is COMPLETE.' },
  scriptFailed: {
    code: 1,
    name: 'scriptFailed',
    meaning:
      'The script failed: an exception, sys.exit() with whatever code, or it could not be loaded or initialised.',
  },
  usage: { code: 2, name: 'usage', meaning: 'The command line is wrong; the message names the argument.' },
  unreachable: { code: 3, name: 'unreachable', meaning: 'No answer from the server: name, port, network or TLS.' },
  notFound: { code: 4, name: 'notFound', meaning: 'No such procedure or activity, or none at all (404).' },
  refused: {
    code: 5,
    name: 'refused',
    meaning: 'Not possible in the present state, or not allowed (409, 401, 403 and other 4xx).',
  },
  invalid: { code: 6, name: 'invalid', meaning: 'The server found the request invalid (400, 413, 422).' },
  timeout: {
    code: 7,
    name: 'timeout',
    meaning: 'The time given by --timeout is over, or the server timed out (408, 504).',
  },
  server: {
    code: 8,
    name: 'server',
    meaning: 'The server failed (5xx, an answer that makes no sense), or cannot tell how the script ended (UNKNOWN).',
  },
  output: {
    code: 9,
    name: 'output',
    meaning:
      'stdout cannot be written, or (`oet run` only) nobody reads it any more; a script that was started goes on.',
  },
  interrupted: { code: 130, name: 'interrupted', meaning: 'Ctrl-C.' },
  stopped: { code: 143, name: 'stopped', meaning: '`oet run` only: somebody else stopped the script (STOPPED).' },
} as const satisfies Record<string, ExitCode>;

/** The name of an exit code in the catalogue. */
export type ExitName = keyof typeof EXIT_CODES;

/** The exit code for an HTTP status that is no success. */
export function exitForStatus(status: number): ExitName {
  if (status === 404 || status === 410) return 'notFound';
  if (status === 400 || status === 413 || status === 422) return 'invalid';
  if (status === 408 || status === 504) return 'timeout';
  return status >= 400 && status < 500 ? 'refused' : 'server';
}
