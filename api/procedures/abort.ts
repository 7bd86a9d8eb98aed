import { isObject, numberOf } from '../json/raw.ts';
import type { CreateRequest } from '../requests/procedures.ts';
import type { Summary } from './summary.ts';

/**
 * The abort script for a stopped script: `abort.py` of the scripts folder, with the `subarray_id` that the stopped one was
 * given (a keyword argument of `init` or `main`). Nothing without one: there is no telling which subarray to abort.
 */
export function abortRequest(stopped: Summary, scriptsLocation: string): CreateRequest | undefined {
  const { init, main } = stopped.script_args;
  const subarray = subarrayOf(main?.kwargs) ?? subarrayOf(init.kwargs);
  if (subarray === undefined) return undefined;
  const uri = `file://${scriptsLocation.replace(/\/+$/, '')}/abort.py`;
  return {
    script: { view: { script_type: 'filesystem', script_uri: uri }, spec: { script: { file: uri } } },
    args: { init: JSON.stringify({ args: [], kwargs: { subarray_id: subarray } }) },
  };
}

function subarrayOf(kwargs: unknown): unknown {
  const id = isObject(kwargs) ? kwargs['subarray_id'] : undefined;
  return typeof id === 'string' || numberOf(id) !== undefined ? id : undefined;
}
