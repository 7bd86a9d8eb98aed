import type { IncomingMessage } from 'node:http';
import { invalid, invalidValue, notSupported, required } from '../errors.ts';
import { isObject } from '../objects.ts';
import type { WriteOptions } from '../rest/api.ts';
import type { DeleteOptions } from '../rest/delete.ts';

/** Options of POST, PUT and PATCH from the query; `kind` is CreateOptions, UpdateOptions or PatchOptions. Throws 422. */
export function writeOptions(req: IncomingMessage, query: URLSearchParams, kind: string): WriteOptions {
  const dryRun = query.getAll('dryRun').filter((each) => each !== '');
  if (dryRun.some((each) => each !== 'All')) {
    throw invalid(kind, 'meta.k8s.io', '', [notSupported('dryRun', dryRun, ['All'])]);
  }
  const fieldValidation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(fieldValidation)) {
    throw invalid(kind, 'meta.k8s.io', '', [
      notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']),
    ]);
  }
  const agent = (req.headers['user-agent'] ?? '').split('/')[0]?.slice(0, 128) ?? '';
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: (fieldValidation || 'Warn') as WriteOptions['fieldValidation'],
    fieldManager: query.get('fieldManager') || agent || 'unknown',
  };
}

/** `force` and fieldManager of an apply. Throws 422 without a manager. */
export function applyForce(query: URLSearchParams): boolean {
  if (!query.get('fieldManager')) {
    throw invalid('PatchOptions', 'meta.k8s.io', '', [required('fieldManager', 'is required for apply patch')]);
  }
  return query.get('force') === 'true';
}

/** Options of DELETE: the body's, and those of the query where the body has none. Throws 422. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const given = isObject(body) ? body : {};
  const policy = given['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
    throw invalid('DeleteOptions', 'meta.k8s.io', '', [
      notSupported('propagationPolicy', policy, ['Background', 'Foreground', 'Orphan']),
    ]);
  }
  const grace: unknown = given['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds');
  const seconds = grace === null || grace === '' ? undefined : Number(grace);
  if (seconds !== undefined && !Number.isInteger(seconds)) {
    throw invalid('DeleteOptions', 'meta.k8s.io', '', [
      invalidValue('gracePeriodSeconds', grace, 'must be a whole number'),
    ]);
  }
  const dryRun = Array.isArray(given['dryRun']) ? (given['dryRun'] as unknown[]) : query.getAll('dryRun');
  if (dryRun.some((each) => each !== 'All')) {
    throw invalid('DeleteOptions', 'meta.k8s.io', '', [notSupported('dryRun', dryRun, ['All'])]);
  }
  const preconditions = isObject(given['preconditions'])
    ? (given['preconditions'] as { uid?: string; resourceVersion?: string })
    : undefined;
  return {
    propagationPolicy: policy,
    gracePeriodSeconds: grace === undefined ? undefined : seconds,
    preconditions,
    dryRun: dryRun.length > 0,
  };
}
