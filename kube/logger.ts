/** What this folder needs of a logger; pino's has this shape. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => undefined;

/** Says nothing. */
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The levels of pino, and silence. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Python's names of levels, which upstream's charts give. */
const PYTHON_LEVELS: Readonly<Record<string, string>> = { warning: 'warn', critical: 'fatal', notset: 'trace' };

/** LOG_LEVEL as pino names it, in whatever case it was given; a name that is no level stays as it is. */
export function logLevel(text: string): string {
  const level = text.toLowerCase();
  return PYTHON_LEVELS[level] ?? level;
}
