import { DatabaseError } from 'pg';
import { JournalError, Unavailable, Unusable } from '../errors.ts';

/**
 * SQLSTATEs of a database that is away for a while, or of a statement that another one was in the way of: tried again, it may
 * succeed. Connection exceptions (08…), shutdown, crash, start-up, too many connections, a server that became a standby,
 * serialization failure, deadlock, lock and statement timeouts, a transaction that was ended for being idle.
 */
const PASSING = /^(?:08...|57P0[1235]|53300|25006|25P03|40001|40P01|55P03|57014)$/;
/** A wrong password or user, a user that may not connect, a database that is not there, missing rights. */
const REFUSED = /^(?:28...|3D000|42501)$/;
/** What a TLS handshake fails of, which waiting does not mend. */
const TLS = /^(?:ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|HOSTNAME_MISMATCH)/;

/** Whether the same again may succeed. Errors of the client that carry no SQLSTATE are broken or refused connections, and timeouts. */
export function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError) return PASSING.test(error.code ?? '');
  if (error instanceof Unavailable) return true;
  return isError(error) && !(error instanceof JournalError) && !isOfTls(error) && !isFault(error);
}

/** An error for people, which names the database. Errors of ours are passed on as they are. */
export function explained(error: unknown, place: string): JournalError {
  if (error instanceof JournalError) return error;
  const text = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error);
  const message = `the ${place}: ${text}${hintOf(error)}`;
  if (isPassing(error)) return new Unavailable(message, { cause: error });
  const refused = error instanceof DatabaseError ? REFUSED.test(error.code ?? '') : isError(error) && isOfTls(error);
  return refused ? new Unusable(message, { cause: error }) : new JournalError(message, { cause: error });
}

function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

function hintOf(error: unknown): string {
  if (error instanceof DatabaseError && error.code === '42501')
    return ' (a user that opens the journal for the first time needs GRANT CREATE, USAGE ON SCHEMA)';
  if (isError(error) && isOfTls(error)) return ' (see sslmode and sslrootcert of the database URL)';
  return '';
}

function isOfTls(error: Error): boolean {
  return ('code' in error && TLS.test(String(error.code))) || error.message.includes('does not support SSL');
}

/** A fault of this program. */
function isFault(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

/** Of any realm: errors of sockets come from Node's own, which is another one in tests. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}
