import { isObject } from '../objects.ts';

type Step = { key: string } | { index: number } | { all: true } | { where: string[]; equals: string };

const STEP =
  /^(?:\.?\['([^']+)'\]|\[(-?\d+)\]|\.?\[?\*\]?|\[\?\(@((?:\.[\w-]+)+)\s*==\s*["']([^"']*)["']\)\]|\.((?:\\.|[^.[\]\\])+))/;

/**
 * Compiles the part of JSONPath that printer columns and selectable fields use: `.a.b`, `['a.b']`, `[0]`, `[*]`,
 * `[?(@.type=="Ready")]`. Throws for anything else. The function returns all that is found.
 */
export function compileJsonPath(path: string): (value: unknown) => unknown[] {
  const steps: Step[] = [];
  let rest = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  while (rest !== '') {
    const found = STEP.exec(rest);
    if (!found) throw new Error(`JSONPath is not understood: ${path}`);
    const [text, quoted, index, where, equals = '', key] = found;
    if (quoted !== undefined) steps.push({ key: quoted });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (where !== undefined) steps.push({ where: where.split('.').slice(1), equals });
    else if (key !== undefined) steps.push({ key: key.replace(/\\(.)/g, '$1') });
    else steps.push({ all: true });
    rest = rest.slice(text.length);
  }
  return (value) => steps.reduce<unknown[]>((values, step) => values.flatMap((each) => take(each, step)), [value]);
}

function take(value: unknown, step: Step): unknown[] {
  if ('key' in step) {
    return isObject(value) && value[step.key] !== undefined ? [value[step.key]] : [];
  }
  if ('all' in step) {
    if (Array.isArray(value)) return value as unknown[];
    return isObject(value) ? Object.values(value) : [];
  }
  if (!Array.isArray(value)) return [];
  const items = value as unknown[];
  if ('index' in step) {
    const item = items.at(step.index);
    return item === undefined ? [] : [item];
  }
  return items.filter(
    (item) => step.where.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), item) === step.equals,
  );
}
