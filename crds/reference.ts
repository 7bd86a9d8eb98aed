import { API_VERSION, CATEGORY, KIND, SHORT_NAME, UNFINISHED_SELECTOR } from './constants.ts';
import { COLUMNS, SELECTABLE, openAPIV3Schema } from './crd.ts';
import { CEL_KEY, type CelRule } from './schema/rules.ts';
import type { JsonSchema } from './structural.ts';

const HEADER = `<!-- Generated from crds/schema by crds/generate.ts: change it there. -->
# The Procedure resource

\`${API_VERSION}\`, kind \`${KIND}\`, namespaced; \`kubectl get ${SHORT_NAME}\`, or \`kubectl get ${CATEGORY}\`. One Procedure is one run of a Python script in a pod of its own.
\`spec\` says what is wanted and belongs to whoever applies it; \`status\` says what is and belongs to the operator. Examples to copy are in [crds/examples](../../crds/examples).
`;

const START_STOP = `## Starting and stopping

\`\`\`
kubectl patch ${SHORT_NAME} NAME --type merge -p '{"spec":{"start":{}}}'
kubectl patch ${SHORT_NAME} NAME --type merge -p '{"spec":{"stop":{"reason":"enough"}}}'
kubectl wait ${SHORT_NAME}/NAME --for=jsonpath='{.status.phase}'=Finished --timeout=1h
\`\`\`

Both are written once. Applying the same manifest again changes nothing, and a procedure that has finished never runs again.
`;

/** The reference page, docs/reference/procedure.md. */
export function referencePage(): string {
  const schema = openAPIV3Schema();
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error('the schema of Procedure has lost one of its parts');
  return [
    HEADER,
    START_STOP,
    '## spec\n',
    `${spec.description ?? ''} Fields in **bold** are required where their parent is given.\n`,
    table(spec, 'spec'),
    '## status\n',
    `${status.description ?? ''}\n`,
    table(status, 'status'),
    '## What may not be\n',
    'Beyond types and bounds, the API server refuses:\n',
    rules(schema, ''),
    '## Columns and selectors\n',
    '| column | field | |\n| --- | --- | --- |',
    ...COLUMNS.map(
      ({ name, jsonPath, description, priority }) =>
        `| ${name} | \`${jsonPath}\` | ${description}${priority === 1 ? ' With `-o wide`.' : ''} |`,
    ),
    `\nField selectors (\`--field-selector\`): ${SELECTABLE.map((path) => `\`${path.slice(1)}\``).join(', ')}.`,
    `\`${UNFINISHED_SELECTOR}\` selects everything that is not over, also what has no phase yet.`,
    'A watch with a selector sees a procedure that leaves it as DELETED, though it still exists.\n',
  ].join('\n');
}

function table(schema: JsonSchema, path: string): string {
  return ['| field | type | |', '| --- | --- | --- |', ...rows(schema, path), ''].join('\n');
}

function rows(schema: JsonSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const required = schema.required?.includes(name) === true;
    const text = [escape(field.description ?? ''), facts(field)].filter((part) => part !== '').join(' ');
    const inner = field.items ?? field;
    const below = field.items === undefined ? here : `${here}[]`;
    return [`| ${required ? `**${here}**` : here} | ${typeName(field)} | ${text} |`, ...rows(inner, below)];
  });
}

function typeName(schema: JsonSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema.format === 'date-time') return 'time';
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `map to ${typeName(schema.additionalProperties)}`;
  return schema.type ?? 'anything';
}

function facts(schema: JsonSchema): string {
  const parts = [
    schema.enum === undefined
      ? ''
      : `One of ${schema.enum.map((value) => `\`${value === '' ? '""' : String(value)}\``).join(', ')}.`,
    schema.default === undefined || typeof schema.default === 'object'
      ? ''
      : `Default \`${JSON.stringify(schema.default)}\`.`,
    range(schema.minimum, schema.maximum, ''),
    schema.format === 'date-time' || schema.enum !== undefined ? '' : atMost(schema.maxLength, 'characters'),
    atMost(schema.maxItems, 'items'),
    atMost(schema.maxProperties, 'fields'),
    schema.pattern === undefined ? '' : `Matches \`${escape(schema.pattern)}\`.`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === undefined) return atMost(most, unit);
  return most === undefined ? `At least ${least}.` : `${least} to ${most}.`;
}

function atMost(most: number | undefined, unit: string): string {
  return most === undefined ? '' : `At most ${most} ${unit}`.trimEnd().concat('.');
}

function rules(schema: JsonSchema, path: string): string {
  return [...found(schema, path), ''].join('\n');
}

function found(schema: JsonSchema, path: string): string[] {
  const own = ((schema[CEL_KEY] ?? []) as CelRule[]).map(({ message, fieldPath }) => {
    const field = `${path}${fieldPath ?? ''}`.replace(/^\./, '');
    return `- \`${field}\`: ${escape(message)}`;
  });
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => found(field, `${path}.${name}`));
  const items = schema.items === undefined ? [] : found(schema.items, `${path}[]`);
  return [...own, ...below, ...items];
}

function escape(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}
