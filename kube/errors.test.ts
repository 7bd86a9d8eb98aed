import { describe, expect, test } from '@jest/globals';
import {
  fromFailure,
  fromResponse,
  isAborted,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isRetryable,
  isTooManyRequests,
} from './errors.ts';

const questions = {
  isAborted,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isRetryable,
  isTooManyRequests,
};
const answers = (error: unknown): string[] =>
  Object.entries(questions).flatMap(([name, ask]) => (ask(error) ? [name] : []));
const status = (code: number, reason: string): unknown =>
  fromResponse(code, JSON.stringify({ kind: 'Status', reason, message: 'm' }), 'GET /a');

describe('what an error is', () => {
  test.each([
    [status(404, 'NotFound'), ['isNotFound']],
    [status(409, 'Conflict'), ['isConflict']],
    [status(409, 'AlreadyExists'), ['isAlreadyExists']],
    [status(410, 'Gone'), ['isGone']],
    [status(410, 'Expired'), ['isGone']],
    [status(422, 'Invalid'), ['isInvalid']],
    [status(403, 'Forbidden'), ['isForbidden']],
    [status(401, 'Unauthorized'), []],
    [status(400, 'BadRequest'), []],
    [status(429, 'TooManyRequests'), ['isRetryable', 'isTooManyRequests']],
    [status(500, 'InternalError'), ['isRetryable']],
    [status(503, 'ServiceUnavailable'), ['isRetryable']],
    [status(504, 'Timeout'), ['isRetryable']],
    [fromFailure(new Error('reset'), 'GET /a'), ['isRetryable']],
    [fromFailure(new Error('late'), 'GET /a', 'timeout'), ['isRetryable']],
    [fromFailure(new Error('stop'), 'GET /a', 'aborted'), ['isAborted']],
    [new Error('another'), []],
    [undefined, []],
  ])('%s', (error, expected) => {
    expect(answers(error)).toEqual(expected);
  });
});

describe('the word for a failure', () => {
  const coded = (code: string, cause?: unknown): Error => Object.assign(new Error('x', { cause }), { code });

  test.each([
    ['its own', coded('ECONNRESET'), 'ECONNRESET'],
    ["its cause's", new Error('x', { cause: coded('ENOTFOUND') }), 'ENOTFOUND'],
    ['the first of several', new AggregateError([coded('ECONNREFUSED'), coded('EPERM')]), 'ECONNREFUSED'],
    ['none', new Error('x'), 'failed'],
    ['no error at all', 'text', 'failed'],
  ])('%s', (_, cause, expected) => {
    expect(fromFailure(cause, 'GET /a').code).toBe(expected);
  });

  test('a message is never empty', () => {
    expect(fromFailure(new AggregateError([coded('ECONNREFUSED')]), 'GET /a').message).toBe('GET /a: ECONNREFUSED');
  });
});

test('a Status without a code or a message', () => {
  expect(fromResponse(500, '{"kind":"Status"}', 'GET /a')).toMatchObject({
    status: 500,
    reason: '',
    message: '{"kind":"Status"}',
  });
});
