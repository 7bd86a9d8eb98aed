import {
  CATEGORY,
  CRD_NAME,
  GROUP,
  KIND,
  LIMITS,
  LIST_KIND,
  PLURAL,
  SHORT_NAME,
  SINGULAR,
  VERSION,
} from './constants.ts';
import { Procedure } from './schema/procedure.ts';
import { type JsonSchema, structural } from './structural.ts';

/** A column of `kubectl get procedures`; those of priority 1 come with `-o wide`. */
export interface PrinterColumn {
  name: string;
  type: 'integer' | 'string' | 'date';
  jsonPath: string;
  description: string;
  priority: 0 | 1;
}

/** The columns, in their order. */
export const COLUMNS: readonly PrinterColumn[] = [
  { name: 'ID', type: 'integer', jsonPath: '.status.id', description: 'Number of the procedure.', priority: 0 },
  { name: 'STATE', type: 'string', jsonPath: '.status.state', description: 'State.', priority: 0 },
  {
    name: 'SCRIPT',
    type: 'string',
    jsonPath: '.status.source.uri',
    description: 'Where the script came from.',
    priority: 0,
  },
  {
    name: 'STARTED',
    type: 'date',
    // Not times.started, which comes with the terminal state: who looks at a running script wants to know since when.
    jsonPath: '.status.permit.mainTime',
    description: 'Time since main was allowed to begin.',
    priority: 0,
  },
  { name: 'EXIT', type: 'integer', jsonPath: '.status.exitCode', description: "The script's exit code.", priority: 0 },
  { name: 'POD', type: 'string', jsonPath: '.status.pod.name', description: 'Its pod.', priority: 1 },
  { name: 'NODE', type: 'string', jsonPath: '.status.pod.node', description: "The pod's node.", priority: 1 },
  { name: 'REASON', type: 'string', jsonPath: '.status.reason', description: 'Why it is in this state.', priority: 1 },
  {
    name: 'AGE',
    type: 'date',
    jsonPath: '.metadata.creationTimestamp',
    description: 'Time since it was made.',
    priority: 0,
  },
];

/** Fields by which lists and watches may be narrowed, beyond metadata.name and metadata.namespace. */
export const SELECTABLE = [
  '.status.phase',
  '.status.state',
  '.status.id',
  '.spec.exclusive',
  '.spec.executionKey',
] as const;

/** The schema of a Procedure as the CRD carries it. */
export function openAPIV3Schema(): JsonSchema {
  const schema = structural(Procedure);
  const { apiVersion, kind, spec, status } = schema.properties ?? {};
  if (apiVersion === undefined || kind === undefined || spec === undefined || status === undefined) {
    throw new Error('the schema of Procedure has lost one of its parts');
  }
  return {
    ...schema,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of this schema of an object.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      // A CRD may say no more about metadata than the form of the names; 63 keeps the name usable as a label.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: LIMITS.name } } },
      spec,
      status,
    },
  };
}

/** The CustomResourceDefinition. */
export function customResourceDefinition(): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: CRD_NAME, labels: { 'app.kubernetes.io/part-of': 'oet' } },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: LIST_KIND,
        plural: PLURAL,
        singular: SINGULAR,
        shortNames: [SHORT_NAME],
        categories: [CATEGORY],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: COLUMNS.map(({ priority, ...column }) =>
            priority === 0 ? column : { ...column, priority },
          ),
          selectableFields: SELECTABLE.map((jsonPath) => ({ jsonPath })),
          subresources: { status: {} },
          schema: { openAPIV3Schema: openAPIV3Schema() },
        },
      ],
    },
  };
}
