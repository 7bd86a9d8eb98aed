/** What the fuzzing tests send. */
import fc from 'fast-check';

const weird = fc.oneof(
  fc.string({ maxLength: 12, unit: 'binary' }),
  fc.constantFrom(
    ...['', '.', '..', '%', '%zz', '%00', '%2f', '%ff', '-1', '0', '1e309', '99999999999999999999', 'null', 'true'],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'a'.repeat(5000),
      '\u0000',
      '\ud800',
      'é',
      '{',
      '[]',
      'a=b=c',
      '!',
      ',',
    ],
  ),
);

/** A word for a URL: escaped, or as it is where HTTP lets it through. */
const urlWord = weird.map((text) =>
  /^[\x21-\x7e]*$/.test(text)
    ? text.replaceAll(/[#?&\s]/g, '')
    : Buffer.from(text).toString('hex').replaceAll(/../g, '%$&'),
);

/** Paths that look like ours, and do not. */
export const path = fc
  .tuple(
    fc.constantFrom(
      ...[
        '',
        '/api',
        '/apis',
        '/api/v1',
        '/apis/lab.example.com/v1',
        '/openapi/v3',
        '/openapi/v2',
        '/version',
        '/-/knobs',
      ],
      ...['/apis/policy/v1', '/apis/rbac.authorization.k8s.io/v1', '/apis/apiextensions.k8s.io/v1'],
      ...['/apis/authorization.k8s.io/v1', '/apis/authentication.k8s.io/v1'],
    ),
    fc.array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.constantFrom('namespaces', 'default', 'configmaps', 'things', 'pods', 'one', 'status'),
        },
        fc.constantFrom('log', 'attach', 'exec', 'binding', 'eviction', 'events', 'roles', 'customresourcedefinitions'),
        fc.constantFrom(
          'serviceaccounts',
          'token',
          'subjectaccessreviews',
          'tokenreviews',
          'finalize',
          'expire-watches',
        ),
        urlWord,
      ),
      { maxLength: 6 },
    ),
  )
  .map(([root, parts]) => `/${[root.slice(1), ...parts].join('/')}`);

/** Query parameters of every kind of request, with values that fit none. */
export const query = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(
          'labelSelector',
          'fieldSelector',
          'limit',
          'continue',
          'resourceVersion',
          'resourceVersionMatch',
        ),
        fc.constantFrom(
          'dryRun',
          'fieldManager',
          'fieldValidation',
          'force',
          'gracePeriodSeconds',
          'propagationPolicy',
        ),
        fc.constantFrom('tailLines', 'sinceTime', 'container', 'includeObject', 'sendInitialEvents', 'timeoutSeconds'),
        urlWord,
      ),
      urlWord,
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join('&'));

/** The methods that the server takes, and one that it does not. */
export const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');

/** Content types. */
export const mediaType = fc.constantFrom(
  ...['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', '', ';;;'],
  ...['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'],
  ...['application/apply-patch+yaml', 'application/json; charset=utf-8'],
);

/** JSON that looks like an object of ours at its edges and like nothing inside. */
const keys = fc.oneof(
  fc.constantFrom('apiVersion', 'kind', 'metadata', 'spec', 'status', 'data', 'name', 'namespace', 'labels', 'rules'),
  fc.constantFrom(
    'ownerReferences',
    'finalizers',
    'managedFields',
    'annotations',
    'containers',
    'policy',
    'conds',
    'free',
  ),
  fc.constantFrom(
    'op',
    'path',
    'value',
    'from',
    '$patch',
    '$retainKeys',
    '$setElementOrder/containers',
    'versions',
    'schema',
  ),
  fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', ''),
);
const values = fc.letrec<{ any: unknown; object: Record<string, unknown> }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 6, depthSize: 'medium' },
    fc.oneof(
      weird,
      fc.constantFrom(
        'v1',
        'ConfigMap',
        'Thing',
        'lab.example.com/v1',
        'Pod',
        'one',
        'default',
        '/metadata/labels',
        'add',
      ),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('any'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(keys, tie('any'), { maxKeys: 5 }),
}));
const shaped = fc
  .tuple(
    fc.constantFrom(
      ...[
        ['v1', 'ConfigMap'],
        ['lab.example.com/v1', 'Thing'],
        ['v1', 'Pod'],
      ],
    ),
    values.object,
  )
  .map(([[apiVersion, kind], rest]) => ({ apiVersion, kind, metadata: { name: 'one' }, ...rest }));

const json = fc.oneof(values.any, shaped).map((value) => JSON.stringify(value));
const cut = fc.tuple(json, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
const protobuf = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.concat([Buffer.from('k8s\0'), bytes]));
const typed = fc
  .tuple(fc.constantFrom('ConfigMap', 'Role', 'Secret', 'Thing', 'DeleteOptions'), fc.uint8Array({ maxLength: 40 }))
  .map(([kind, raw]) => {
    const meta = Buffer.concat([
      Buffer.from([10, 2]),
      Buffer.from('v1'),
      Buffer.from([18, kind.length]),
      Buffer.from(kind),
    ]);
    return Buffer.concat([
      Buffer.from('k8s\0\n'),
      Buffer.from([meta.length]),
      meta,
      Buffer.from([18, raw.length]),
      raw,
    ]);
  });
/** Bodies: objects that look like ours at their edges, JSON that is cut, protobuf, anything. */
export const body = fc.oneof(json, cut, protobuf, typed, fc.string({ unit: 'binary', maxLength: 40 }));
