import { CelScalar, celEnv, celFunc, celMethod, isCelError, listType, parse, plan, type CelInput } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { isObject } from '../objects.ts';
import { propertySchema, type Schema } from './schema.ts';

/** Evaluates one expression; `error` where it has no value. */
export type CelProgram = (variables: Record<string, unknown>) => { value?: unknown; error?: string };

const list = listType(CelScalar.DYN);

function order(a: unknown, b: unknown): number {
  if (a === b) return 0;
  return (a as string | number | bigint) < (b as string | number | bigint) ? -1 : 1;
}

/** Functions of Kubernetes' CEL libraries that the package does not have, as far as rules use them. */
const kubernetesFunctions = [
  celFunc('dyn', [CelScalar.DYN], CelScalar.DYN, (value) => value as CelInput<typeof CelScalar.DYN>),
  celMethod('find', CelScalar.STRING, [CelScalar.STRING], CelScalar.STRING, function (pattern) {
    return new RegExp(pattern, 'u').exec(this)?.[0] ?? '';
  }),
  celMethod('isSorted', list, [], CelScalar.BOOL, function () {
    const items = [...this];
    return items.every((item, i) => i === 0 || order(items[i - 1], item) <= 0);
  }),
  celMethod('sum', list, [], CelScalar.INT, function () {
    return [...this].reduce<bigint>((sum, item) => sum + (typeof item === 'bigint' ? item : 0n), 0n);
  }),
  celFunc('isURL', [CelScalar.STRING], CelScalar.BOOL, (text) => URL.canParse(text)),
];

const env = celEnv({ funcs: [...strings, ...kubernetesFunctions] });

/** Compiles an expression; throws where it does not parse. */
export function compileCel(expression: string): CelProgram {
  const run = plan(env, parse(expression));
  return (variables) => {
    try {
      const result: unknown = run(variables as Record<string, CelInput>);
      return isCelError(result) ? { error: result.message } : { value: result };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
}

/**
 * A JSON value as CEL sees it through a schema: integers as int, numbers as double. Times stay text, which compares like
 * a time as long as all are in UTC.
 */
export function toCel(schema: Schema | undefined, value: unknown): unknown {
  if (typeof value === 'number') {
    return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
  }
  if (Array.isArray(value)) return value.map((item) => toCel(schema?.items, item));
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== undefined) result[key] = toCel(schema && propertySchema(schema, key), value[key]);
  }
  return result;
}
