import { EXIT_CODES, type ExitName } from './exit-codes.ts';

/** An end that the user is told about in one message, with an exit code of the catalogue. */
export class CliError extends Error {
  readonly exit: ExitName;

  constructor(exit: ExitName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exit = exit;
  }

  get exitCode(): number {
    return EXIT_CODES[this.exit].code;
  }
}

/** Whoever read stdout has gone (`| head`): there is no use in writing more. */
export class ReaderGone extends CliError {
  constructor() {
    super('output', 'nobody reads the output any more');
  }
}

/** A mistake on the command line: exit code 2. */
export function usageError(message: string): CliError {
  return new CliError('usage', message);
}

/** What an error says, in one text. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
