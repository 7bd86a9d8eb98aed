import type { FieldError } from '../errors.ts';
import { invalidValue } from '../errors.ts';
import { equalJson, isObject, type KubeObject } from '../objects.ts';
import { compileCel, toCel, type CelProgram } from './cel.ts';
import { child, type Rule, type Schema } from './schema.ts';

interface CompiledRule {
  rule: Rule;
  holds: CelProgram;
  message: CelProgram | undefined;
  isTransition: boolean;
}

/** The part of a schema that has rules somewhere below. */
interface RuleNode {
  rules: CompiledRule[];
  properties: Map<string, RuleNode>;
  values: RuleNode | undefined;
  items: RuleNode | undefined;
  /** Keys by which items of old and new lists are the same; undefined for lists whose items cannot be told apart. */
  listKeys: string[] | undefined;
}

/**
 * Compiles all `x-kubernetes-validations` of a schema. Rules with `oldSelf` run on updates only, and only where the old
 * value can be found (not in atomic lists and sets). Undefined where there are no rules; throws for one that does not parse.
 */
export function compileRules(
  schema: Schema,
): ((object: KubeObject, oldObject: KubeObject | undefined) => FieldError[]) | undefined {
  const root = compileNode(schema);
  if (!root) return undefined;
  return (object, oldObject) => {
    const errors: FieldError[] = [];
    const old = oldObject && toCel(schema, oldObject);
    evaluate(root, toCel(schema, object), old, '', errors);
    return errors;
  };
}

function compileNode(schema: Schema): RuleNode | undefined {
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule): CompiledRule => ({
    rule,
    holds: compileCel(rule.rule),
    message: rule.messageExpression === undefined ? undefined : compileCel(rule.messageExpression),
    isTransition: /\boldSelf\b/.test(rule.rule) && rule.optionalOldSelf !== true,
  }));
  const properties = new Map<string, RuleNode>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const node = compileNode(property);
    if (node) properties.set(key, node);
  }
  const values = typeof schema.additionalProperties === 'object' ? compileNode(schema.additionalProperties) : undefined;
  const items = schema.items && compileNode(schema.items);
  if (rules.length === 0 && properties.size === 0 && !values && !items) return undefined;
  const listKeys =
    schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : undefined;
  return { rules, properties, values, items, listKeys };
}

function evaluate(node: RuleNode, self: unknown, oldSelf: unknown, path: string, errors: FieldError[]): void {
  if (self === undefined || self === null) return;
  const hasOld = oldSelf !== undefined && oldSelf !== null;
  for (const rule of node.rules) {
    if (rule.isTransition && !hasOld) continue;
    const error = evaluateRule(rule, { self, ...(hasOld ? { oldSelf } : {}) }, path);
    if (error) errors.push(error);
  }
  if (Array.isArray(self)) {
    const { items, listKeys } = node;
    if (!items) return;
    self.forEach((item: unknown, i) => {
      evaluate(items, item, counterpart(item, oldSelf, listKeys), `${path}[${i}]`, errors);
    });
  } else if (isObject(self)) {
    const old = isObject(oldSelf) ? oldSelf : {};
    for (const [key, property] of node.properties) evaluate(property, self[key], old[key], child(path, key), errors);
    if (node.values) {
      for (const key of Object.keys(self)) evaluate(node.values, self[key], old[key], child(path, key), errors);
    }
  }
}

function counterpart(item: unknown, oldList: unknown, keys: string[] | undefined): unknown {
  if (!keys || !isObject(item) || !Array.isArray(oldList)) return undefined;
  return oldList.find((old: unknown) => isObject(old) && keys.every((key) => equalJson(old[key], item[key])));
}

function evaluateRule(
  compiled: CompiledRule,
  variables: Record<string, unknown>,
  path: string,
): FieldError | undefined {
  const { rule } = compiled;
  const field = rule.fieldPath === undefined ? path : joined(path, rule.fieldPath);
  const outcome = compiled.holds(variables);
  if (outcome.error !== undefined) {
    return invalidValue(field === '' ? '<nil>' : field, '', `rule evaluation error: ${outcome.error}: ${rule.rule}`);
  }
  if (outcome.value === true) return undefined;
  const made = compiled.message?.(variables).value;
  const text =
    typeof made === 'string' && made.trim() !== '' && !made.includes('\n')
      ? made
      : (rule.message ?? `failed rule: ${rule.rule.trim()}`);
  return ruleError(rule.reason, field === '' ? '<nil>' : field, text);
}

/** The value is left out: a real server shows none for a rule. */
function ruleError(reason: string | undefined, field: string, text: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return { type: reason, field, body: `Forbidden: ${text}` };
    case 'FieldValueRequired':
      return { type: reason, field, body: `Required value: ${text}` };
    case 'FieldValueDuplicate':
      return { type: reason, field, body: `Duplicate value: ${text}` };
    default:
      return { type: 'FieldValueInvalid', field, body: `Invalid value: ${text}` };
  }
}

function joined(path: string, fieldPath: string): string {
  const rest = fieldPath.replace(/\['([^']*)'\]/g, '[$1]');
  return path === '' ? rest.replace(/^\./, '') : `${path}${rest}`;
}
