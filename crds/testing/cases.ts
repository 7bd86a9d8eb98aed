/**
 * What the API server must say to manifests and to changes of them. validate.test.ts holds the schema against the first
 * step of each, on-cluster.ts any API server against all steps.
 */

/** `ok`, or the field that the answer blames and a part of its text. */
export type Answer = 'ok' | { field: string; says: string };

/** A change of the Procedure, as a JSON merge patch. */
export interface Step {
  patch: Record<string, unknown>;
  /** Patch `/status` instead of the object. */
  status?: true;
  answer: Answer;
}

/** A new Procedure, the answer to it, and what happens to it afterwards. */
export interface Case {
  name: string;
  spec: Record<string, unknown>;
  answer: Answer;
  steps?: readonly Step[];
  /** The rule needs more than one object to tell; the schema alone says ok. */
  serverOnly?: true;
}

const inline = { script: { inline: 'def main(): pass\n' } };
const time = '2026-01-02T03:04:05.678901Z';
const claim = { phase: 'Active', state: 'CREATING', claim: { time, podName: 'a-12345678' } };

function bad(name: string, spec: Record<string, unknown>, field: string, says: string): Case {
  return { name, spec, answer: { field, says } };
}

function good(name: string, spec: Record<string, unknown>, ...steps: Step[]): Case {
  return { name, spec, answer: 'ok', steps };
}

function spec(patch: Record<string, unknown>, answer: Answer = 'ok'): Step {
  return { patch: { spec: patch }, answer };
}

function status(patch: Record<string, unknown> | null, answer: Answer = 'ok'): Step {
  return { patch: { status: patch }, status: true, answer };
}

function refuse(field: string, says: string): Answer {
  return { field, says };
}

const git = (fields: Record<string, unknown>) => ({
  script: { git: { repo: 'https://host/r.git', path: 'a.py', ...fields } },
});

/** Manifests alone. */
const CREATE: readonly Case[] = [
  good('least', inline),
  good('file', { script: { file: 'file:///tmp/scripts/hello.py' } }),
  good('configMap', { script: { configMap: { name: 'scripts', key: 'hello.py' } } }),
  good('git with a branch', git({ branch: 'main' })),
  good('git with a commit and a secret', git({ commit: 'deadbeef', secretRef: { name: 'token' } })),
  good('git, repository as a path', git({ repo: '/srv/git/r' })),
  good('arguments of every kind', {
    ...inline,
    init: { args: [null, 1, 1.5, 'a', [1, [null]], { a: null }], kwargs: { a: null, b: { c: [] } } },
  }),
  good('argsJSON', { ...inline, main: { argsJSON: '{"args":[1.0],"kwargs":{"x":1e2}}' } }),
  good('start with the manifest', { ...inline, start: {} }),
  good('everything of a pod', {
    ...inline,
    podTemplate: {
      labels: { team: 'a' },
      annotations: { 'b/c': 'd' },
      resources: { limits: { cpu: 1, memory: '1Gi' } },
      env: [
        { name: 'A', value: 'b' },
        { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
      envFrom: [{ configMapRef: { name: 'c' } }],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'w', persistentVolumeClaim: { claimName: 'w' } },
      ],
      volumeMounts: [{ name: 'v', mountPath: '/data' }],
      nodeSelector: { a: 'b' },
      tolerations: [{ key: 'k', operator: 'Exists' }],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      serviceAccountName: 'me',
      priorityClassName: 'high',
      imagePullSecrets: [{ name: 's' }],
      imagePullPolicy: 'IfNotPresent',
    },
  }),
  bad('no script', { script: {} }, 'spec.script', 'exactly one of inline, file, configMap, git must be given'),
  bad('script missing', { main: {} }, 'spec.script', 'equired'),
  bad('two scripts', { script: { inline: 'a', file: 'b' } }, 'spec.script', 'exactly one of'),
  bad('script too long', { script: { inline: 'x'.repeat(262_145) } }, 'spec.script.inline', '262144'),
  bad('script empty', { script: { inline: '' } }, 'spec.script.inline', ''),
  bad(
    'branch and tag',
    git({ branch: 'a', tag: 'b' }),
    'spec.script.git',
    'at most one of branch, tag, commit may be given',
  ),
  bad('branch as an option', git({ branch: '--upload-pack=x' }), 'spec.script.git.branch', ''),
  bad('repository as an option', git({ repo: '-c' }), 'spec.script.git.repo', ''),
  bad('remote helper', git({ repo: 'ext::sh' }), 'spec.script.git.repo', 'remote helpers'),
  bad('path out of the repository', git({ path: 'a/../../b.py' }), 'spec.script.git.path', '".." is not allowed'),
  bad('absolute path', git({ path: '/etc/passwd' }), 'spec.script.git.path', ''),
  bad('commit no number', git({ commit: 'main' }), 'spec.script.git.commit', ''),
  bad(
    'requirement as an option',
    { ...inline, environment: { requirements: ['-r x'] } },
    'spec.environment.requirements[0]',
    '',
  ),
  bad(
    'args and argsJSON',
    { ...inline, init: { args: [], argsJSON: '{}' } },
    'spec.init.argsJSON',
    'together with args or kwargs',
  ),
  bad(
    'kwargs and argsJSON',
    { ...inline, main: { kwargs: {}, argsJSON: '{}' } },
    'spec.main.argsJSON',
    'together with args or kwargs',
  ),
  bad(
    'start with both',
    { ...inline, start: { args: [], argsJSON: '{}' } },
    'spec.start.argsJSON',
    'together with args or kwargs',
  ),
  bad(
    'argsJSON too long',
    { ...inline, main: { argsJSON: `{"args":["${'x'.repeat(65_536)}"]}` } },
    'spec.main.argsJSON',
    '65536',
  ),
  bad('args no list', { ...inline, init: { args: 'a' } }, 'spec.init.args', 'array'),
  bad('kwargs no object', { ...inline, init: { kwargs: [] } }, 'spec.init.kwargs', ''),
  bad('unknown start policy', { ...inline, startPolicy: 'Later' }, 'spec.startPolicy', 'Manual'),
  bad('unknown stop mode', { ...inline, stop: { mode: 'Now' } }, 'spec.stop.mode', 'Graceful'),
  bad('grace too long', { ...inline, stop: { gracePeriodSeconds: 3601 } }, 'spec.stop.gracePeriodSeconds', '3600'),
  bad('grace a text', { ...inline, stop: { gracePeriodSeconds: '5' } }, 'spec.stop.gracePeriodSeconds', 'string'),
  bad('deadline of nothing', { ...inline, deadlines: { runSeconds: 0 } }, 'spec.deadlines.runSeconds', '1'),
  bad('exclusive too long', { ...inline, exclusive: 'x'.repeat(64) }, 'spec.exclusive', '63'),
  bad('execution key with a blank', { ...inline, executionKey: 'a b' }, 'spec.executionKey', ''),
  bad(
    'label of ours',
    { ...inline, podTemplate: { labels: { 'oet.skao.int/id': '1' } } },
    'spec.podTemplate.labels',
    'belong to the operator',
  ),
  bad(
    'volume of two kinds',
    { ...inline, podTemplate: { volumes: [{ name: 'v', emptyDir: {}, secret: { secretName: 's' } }] } },
    'spec.podTemplate.volumes[0]',
    'exactly one of',
  ),
  bad(
    'no quantity',
    { ...inline, podTemplate: { resources: { limits: { cpu: 'many' } } } },
    'spec.podTemplate.resources.limits.cpu',
    'should match',
  ),
  bad(
    'a negative quantity',
    { ...inline, podTemplate: { volumes: [{ name: 'v', emptyDir: { sizeLimit: '-1Gi' } }] } },
    'spec.podTemplate.volumes[0].emptyDir.sizeLimit',
    'should match',
  ),
  good('quantities', {
    ...inline,
    podTemplate: { resources: { limits: { cpu: '500m', memory: '1.5Gi', a: '1e3', b: '.5', c: 7, d: '+2E' } } },
  }),
  bad(
    'a null in a list',
    { ...inline, environment: { requirements: [null] } },
    'spec.environment.requirements[0]',
    'null',
  ),
  bad(
    'text in a list of objects',
    { ...inline, podTemplate: { imagePullSecrets: ['a', { name: 'b' }] } },
    'spec.podTemplate.imagePullSecrets[0]',
    'must be an object for an array of list-type map',
  ),
  bad('a fraction of seconds', { ...inline, retention: { podSeconds: 1.5 } }, 'spec.retention.podSeconds', 'integer'),
  bad(
    'a number beyond all bounds',
    { ...inline, retention: { podSeconds: 1e30 } },
    'spec.retention.podSeconds',
    'less than or equal to 3.1536e+07',
  ),
  bad(
    'value and valueFrom',
    {
      ...inline,
      podTemplate: { env: [{ name: 'A', value: '', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
    },
    'spec.podTemplate.env[0]',
    'may not be given together',
  ),
];

/** Manifests with a field that does not exist. */
export const UNKNOWN: readonly { spec: Record<string, unknown>; field: string }[] = [
  { spec: { ...inline, colour: 'red' }, field: 'spec.colour' },
  { spec: { script: { inlin: 'x' } }, field: 'spec.script.inlin' },
  { spec: { ...inline, podTemplate: { hostNetwork: true } }, field: 'spec.podTemplate.hostNetwork' },
  {
    spec: { ...inline, podTemplate: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
    field: 'spec.podTemplate.volumes[0].hostPath',
  },
];

const fixed = (field: string) =>
  refuse(`spec.${field}`, `${field} cannot change any more: the procedure has been taken up`);
const over = (field: string) => refuse(`status.${field}`, `${field} of a finished procedure cannot change`);

/** What may change, and what may not. */
const CHANGE: readonly Case[] = [
  good(
    'all may change before the claim',
    inline,
    spec({ script: { inline: 'x' }, startPolicy: 'Automatic', exclusive: 'a' }),
    spec({ exclusive: null }),
  ),
  good(
    'start is write-once',
    inline,
    spec({ start: {} }),
    spec({ start: {} }),
    spec({ start: { args: [1] } }, refuse('spec.start', 'start is write-once')),
    spec({ start: null }, refuse('spec.start', 'start is write-once')),
  ),
  good(
    'start compares its arguments',
    { ...inline, start: { args: [{ a: 1 }], kwargs: { b: [1, 2] } } },
    spec({ start: { args: [{ a: 1 }], kwargs: { b: [1, 2] } } }),
    spec({ start: { args: [{ a: 2 }] } }, refuse('spec.start', 'start is write-once')),
    spec({ start: { kwargs: { b: [1, 3] } } }, refuse('spec.start', 'start is write-once')),
  ),
  good(
    'stop is write-once',
    inline,
    spec({ stop: { reason: 'a' } }),
    spec({ stop: { reason: 'a', mode: 'Graceful', gracePeriodSeconds: 10 } }),
    spec({ stop: { reason: 'b' } }, refuse('spec.stop', 'stop is write-once')),
    spec({ stop: { gracePeriodSeconds: 11 } }, refuse('spec.stop', 'stop is write-once')),
    spec({ stop: null }, refuse('spec.stop', 'stop is write-once')),
    spec({ stop: { mode: 'Immediate' } }),
    spec({ stop: { mode: 'Graceful' } }, refuse('spec.stop', 'stop is write-once')),
  ),
  good(
    'the claim fixes the spec',
    {
      ...inline,
      main: { args: [1, [2], null], kwargs: { a: { b: 1 } } },
      init: { argsJSON: '{}' },
      exclusive: 'a',
      environment: { image: 'a' },
      podTemplate: { env: [{ name: 'A', value: '1' }], resources: { limits: { cpu: 1 } }, affinity: { a: { b: 1 } } },
    },
    status(claim),
    spec({ script: { inline: 'y' } }, fixed('script')),
    spec({ script: { inline: null, file: 'y' } }, fixed('script')),
    spec({ main: { args: [1, [3], null] } }, fixed('main')),
    spec({ main: { args: [1, [2], null] } }),
    spec({ main: { args: null } }, fixed('main')),
    spec({ main: { kwargs: { a: { b: 2 } } } }, fixed('main')),
    spec({ main: null }, fixed('main')),
    spec({ init: { argsJSON: '{"args":[]}' } }, fixed('init')),
    spec({ init: { argsJSON: null } }, fixed('init')),
    spec({ exclusive: 'b' }, fixed('exclusive')),
    spec({ exclusive: null }, fixed('exclusive')),
    spec({ executionKey: 'b' }, fixed('executionKey')),
    spec({ startPolicy: 'Automatic' }, fixed('startPolicy')),
    spec({ deadlines: { prepareSeconds: 1 } }, fixed('deadlines')),
    spec({ deadlines: { runSeconds: 1 } }, fixed('deadlines')),
    spec({ retention: { podSeconds: 1 } }, fixed('retention')),
    spec({ output: { maxBytes: 2048 } }, fixed('output')),
    spec({ environment: null }, fixed('environment')),
    spec({ environment: { image: 'b' } }, fixed('environment')),
    spec({ podTemplate: { env: [{ name: 'A', value: '2' }] } }, fixed('podTemplate')),
    spec({ podTemplate: { affinity: { a: { b: 2 } } } }, fixed('podTemplate')),
    spec({ podTemplate: { resources: { limits: { cpu: 2 } } } }, fixed('podTemplate')),
    { patch: { metadata: { labels: { a: 'b' } } }, answer: 'ok' },
    spec({ start: {} }),
    spec({ stop: {} }),
    status({ claim: null }, refuse('status.claim', 'a claim cannot be taken back')),
    status(null, refuse('status.claim', 'a claim cannot be taken back')),
  ),
  good(
    'what a status keeps',
    inline,
    status({ id: 7 }),
    status({ id: 8 }, refuse('status.id', 'id is write-once')),
    status({ id: null }, refuse('status.id', 'id is write-once')),
    status(claim),
    status({ claim: { podName: 'b' } }),
    status({ pod: { name: 'b', uid: 'u' } }),
    status({ claim: { podName: 'c' } }, refuse('status.claim.podName', 'claim.podName is fixed once the pod is known')),
    status({ pod: { uid: 'v' } }, refuse('status.pod.uid', 'pod.uid is write-once')),
    status({ pod: null }, refuse('status.pod.uid', 'pod.uid is write-once')),
    status({ permit: { nonce: 'n' } }),
    status({ permit: { nonce: 'm' } }, refuse('status.permit.nonce', 'permit.nonce is write-once')),
    status({ permit: { initTime: time } }),
    status({ permit: { mainTime: time } }),
    status(
      { permit: { mainTime: '2026-01-02T03:04:06Z' } },
      refuse('status.permit.mainTime', 'permit.mainTime is write-once'),
    ),
    status({ permit: null }, refuse('status.permit.nonce', 'permit.nonce is write-once')),
    status({ phase: null }, refuse('status.phase', 'phase cannot be taken back')),
  ),
  good(
    'the end is the end',
    inline,
    status(claim),
    status({ state: 'RUNNING' }),
    status({ state: 'UNKNOWN' }),
    status({ state: 'RUNNING' }),
    status({ phase: 'Finished' }, refuse('status.state', 'phase Finished needs the state')),
    status({
      phase: 'Finished',
      state: 'FAILED',
      reason: 'ScriptRaised',
      message: 'm',
      exitCode: 1,
      failure: { type: 'ValueError', stackTrace: 't', frames: [{ file: 'a', line: 1 }] },
    }),
    status({ phase: 'Active' }, refuse('status.phase', 'a finished procedure stays finished')),
    status({ state: 'COMPLETE' }, over('state')),
    status({ state: null }, over('state')),
    status({ reason: 'Other' }, over('reason')),
    status({ message: null }, over('message')),
    status({ exitCode: 0 }, over('exitCode')),
    status({ signal: 9 }, over('signal')),
    status({ result: '1' }, over('result')),
    status({ failure: { frames: [] } }, over('failure')),
    status({ output: { bytes: 1, entries: 2, complete: true }, times: { captured: time } }),
    spec({ stop: {} }),
  ),
  good(
    'a status is well-formed',
    inline,
    status({ id: 0 }, refuse('status.id', 'greater than or equal to 1')),
    status({ state: 'Running' }, refuse('status.state', 'Unsupported value')),
    status({ reason: 'no word' }, refuse('status.reason', 'should match')),
    status(
      { history: Array.from({ length: 65 }, () => ({ state: 'IDLE', time })) },
      refuse('status.history', 'must have at most 64 items'),
    ),
    status({ result: 'x'.repeat(4097) }, refuse('status.result', 'Too long')),
    status({ times: { started: 'yesterday' } }, refuse('status.times.started', 'date-time')),
  ),
];

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** As large as it may be: the rules must not exceed what they may cost. */
const LARGE: readonly Case[] = [
  good(
    'the largest',
    {
      script: { inline: 'x'.repeat(262_144) },
      init: { argsJSON: JSON.stringify({ args: ['x'.repeat(65_500)] }) },
      main: {
        args: many(1024, (index) => ({ index, text: 'x'.repeat(100) })),
        kwargs: { a: many(5000, (index) => index) },
      },
      podTemplate: {
        labels: Object.fromEntries(many(64, (index) => [`label-${index}`, 'x'.repeat(63)])),
        env: many(256, (index) => ({ name: `NAME_${index}`, value: 'x'.repeat(100) })),
        volumes: many(64, (index) => ({ name: `v${index}`, configMap: { name: 'x'.repeat(253) } })),
      },
    },
    status({
      ...claim,
      history: many(64, () => ({ state: 'IDLE', time })),
      failure: {
        message: 'x'.repeat(4096),
        stackTrace: 'x'.repeat(16_384),
        frames: many(32, (line) => ({
          file: 'x'.repeat(1024),
          line,
          function: 'x'.repeat(256),
          text: 'x'.repeat(512),
        })),
      },
    }),
    spec({ main: { kwargs: { a: [] } } }, fixed('main')),
    spec({ start: { argsJSON: JSON.stringify({ args: ['x'.repeat(65_500)] }) } }),
    status({ phase: 'Finished', state: 'FAILED' }),
    status({ failure: { message: 'y' } }, over('failure')),
    status({ output: { complete: true } }),
  ),
];

/** All of them. */
export const CASES: readonly Case[] = [...CREATE, ...CHANGE, ...LARGE];
