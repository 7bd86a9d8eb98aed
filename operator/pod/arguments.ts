/** Arguments of init and main as JSON text: what the runner parses is what the client wrote (design.md section 5). */
import type { ProcedureArguments } from '../../crds/index.ts';
import { losslessStringify } from '../../journal/index.ts';

/** `{"args": […], "kwargs": {…}}`; numbers that JavaScript would round arrive as raw JSON and leave as they came. */
export function argumentsJSON(given: ProcedureArguments | undefined): string {
  if (given?.argsJSON !== undefined) return given.argsJSON;
  return losslessStringify({ args: given?.args ?? [], kwargs: given?.kwargs ?? {} });
}

/** `main`'s arguments: those of the start where it has any, else the spec's. */
export function mainArgumentsJSON(spec: {
  main?: ProcedureArguments | undefined;
  start?: ProcedureArguments | undefined;
}): string {
  const { start } = spec;
  const own =
    start !== undefined && (start.argsJSON !== undefined || start.args !== undefined || start.kwargs !== undefined);
  return argumentsJSON(own ? start : spec.main);
}
