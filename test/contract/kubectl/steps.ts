import { IMAGE, pythonPod } from '../harness/pods.ts';
import { INLINE, procedure } from '../harness/procedures.ts';

/** One command, in the order in which a person might type them: each sees what those before it did. */
export interface Step {
  /** As typed after `kubectl`, by words. */
  args: readonly string[];
  /** Its stdin. */
  input?: unknown;
  /** Ends it after so many lines. */
  lines?: number;
  /** What it prints depends on the moment: only how it ends counts. */
  mute?: true;
  /** Typed again until it says this, because what it shows comes by itself. */
  until?: RegExp;
}

const words = (line: string): string[] => line.split(' ');
const step = (line: string, more: Omit<Step, 'args'> = {}): Step => ({ args: words(line), ...more });

const hello = procedure('hello', { ...INLINE, main: { kwargs: { name: 'world', times: 2 } } });
const scripts = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'scripts', labels: { a: 'b' } },
  data: { 'hello.py': 'def main(): pass\n' },
};
const talker = pythonPod(
  'talker',
  "import sys\nprint('hello', flush=True)\nfor line in sys.stdin:\n    print('got', line.strip(), flush=True)\n    if line == 'bye\\n': sys.exit(3)",
);
const polite = pythonPod(
  'polite',
  "import os, signal, time\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(0))\nprint('hello', flush=True)\nwhile True: time.sleep(1)",
);
const status = (patch: object): string[] => [
  '--subresource=status',
  '--type=merge',
  '-p',
  JSON.stringify({ status: patch }),
];
const time = '2026-01-02T03:04:05Z';
const condition = (type: string): object => ({
  type,
  status: 'True',
  reason: 'Asked',
  message: '',
  lastTransitionTime: time,
});

/** Everything that issue and README say one can type at our kind and at its pods. */
export const STEPS: readonly Step[] = [
  step('api-resources --api-group=oet.skao.int --no-headers'),
  step('explain procedures.spec.startPolicy'),
  step('explain proc.spec.stop --recursive'),

  step('get procedures'),
  step('apply -f -', { input: hello }),
  step('apply -f -', { input: hello }),
  step('apply -f -', { input: { ...hello, spec: { ...INLINE, main: { kwargs: { name: 'all' } } } } }),
  step('create -f -', { input: hello }),
  step('diff -f -', { input: { ...hello, spec: { ...INLINE, main: { kwargs: { name: 'all' } } } } }),
  step('get procedures'),
  step('get proc hello -o wide'),
  step('get procedure/hello -o name'),
  step('get procedure hello -o json'),
  step('get procedure hello -o yaml --show-managed-fields'),
  step('get procedure hello -o jsonpath={.spec.main.kwargs.name}'),
  step('get procedures -o custom-columns=NAME:.metadata.name,POLICY:.spec.startPolicy'),
  step('get oet'),
  step('describe procedure hello'),

  step('patch procedure hello --type=merge -p {"spec":{"exclusive":"a"}}'),
  step('patch procedure hello --type=merge -p {"spec":{"exclusive":"a"}}'),
  step('patch procedure hello --type=json -p [{"op":"remove","path":"/spec/exclusive"}]'),
  step('patch procedure hello -p {}'),
  step('label procedure hello team=a'),
  step('annotate procedure hello note=a'),
  {
    args: [
      'patch',
      'procedure',
      'hello',
      ...status({
        id: 7,
        state: 'READY',
        phase: 'Active',
        pod: { name: 'hello-1', node: 'n' },
        conditions: [condition('Ready')],
      }),
    ],
  },
  step('get procedures hello'),
  step('get procedures -o wide -l team=a'),
  step('get procedures --field-selector metadata.name=nobody'),
  // Ready of a generation that nobody has looked at yet is not Ready.
  step('wait --for=condition=Ready procedure/hello --timeout=1s'),
  { args: ['patch', 'procedure', 'hello', ...status({ observedGeneration: 4 })] },
  step('wait --for=condition=Ready procedure/hello --timeout=5s'),
  step('wait --for=jsonpath={.status.state}=READY procedure/hello --timeout=5s'),
  step('wait --for=jsonpath={.status.state}=COMPLETE procedure/hello --timeout=1s'),
  { args: ['patch', 'procedure', 'hello', ...status({ id: 8 })] },
  step('get procedure hello --watch', { lines: 2 }),
  step('get procedure hello --watch --output-watch-events', { lines: 2 }),

  step('create -f -', { input: procedure('wrong', { ...INLINE, startPolicy: 'Later' }) }),
  step('create -f -', { input: procedure('wrong', { script: { inline: 'a', file: 'b' } }) }),
  step('create -f -', {
    input: procedure('wrong', { ...INLINE, stop: { gracePeriodSeconds: '5' }, exclusive: 'x'.repeat(64) }),
  }),
  step('create -f -', { input: procedure('wrong', { ...INLINE, colour: 'red' }) }),
  step('create -f - --validate=warn', { input: procedure('warned', { ...INLINE, colour: 'red' }) }),
  step('apply -f -', { input: procedure('wrong', { script: { inlin: 'x' } }) }),
  step('apply -f -', { input: { ...hello, kind: 'Procedur' } }),
  step('apply -f - --dry-run=server', { input: procedure('dry', INLINE) }),
  step('create -f - --dry-run=client', { input: procedure('dry', INLINE) }),

  step('apply --server-side -f -', { input: procedure('applied', { ...INLINE, exclusive: 'a' }) }),
  step('apply --server-side -f -', { input: procedure('applied', { ...INLINE, exclusive: 'a' }) }),
  step('apply --server-side --field-manager=other -f -', {
    input: procedure('applied', { ...INLINE, exclusive: 'b' }),
  }),
  step('apply --server-side --field-manager=other --force-conflicts -f -', {
    input: procedure('applied', { ...INLINE, exclusive: 'b' }),
  }),
  step('get procedures --sort-by=.metadata.name -o name'),
  step('replace -f -', { input: procedure('applied', { ...INLINE, exclusive: 'c' }) }),

  step('create configmap made --from-literal=a=b'),
  step('apply -f -', { input: scripts }),
  step('apply -f -', { input: scripts }),
  step('apply -f -', { input: { ...scripts, data: { 'bye.py': 'pass\n' } } }),
  step('get configmap scripts -o jsonpath={.data}'),
  step('get configmaps made scripts'),
  step('describe configmap scripts'),
  step('create secret generic secret --from-literal=a=b'),
  step('get secret secret'),
  step('delete configmap made scripts'),

  step('apply -f -', { input: talker }),
  step('wait --for=condition=Ready pod/talker --timeout=20s'),
  step('get pods talker'),
  step('get pod talker -o wide'),
  step('get pod talker -o jsonpath={.status.phase}'),
  step('describe pod talker', { until: /Started/ }),
  step('logs talker', { until: /hello/ }),
  step('logs nobody'),
  step('logs talker -c nobody'),
  step('attach talker -c main -i -q', { input: 'one\nbye\n', mute: true }),
  step('wait --for=jsonpath={.status.phase}=Failed pod/talker --timeout=20s'),
  step('get pods talker'),
  step('logs talker -f'),
  step('logs talker --tail=1'),
  step('logs pod/talker --limit-bytes=3'),
  step('apply -f -', { input: talker }),
  step('patch pod talker -p {"metadata":{"labels":{"a":"b"}}}'),
  step('patch pod talker -p {"spec":{"restartPolicy":"Always"}}'),
  step('get pods -l a=b -o name'),
  step('delete pod talker'),
  step('apply -f -', { input: polite }),
  step('wait --for=condition=Ready pod/polite --timeout=20s'),
  step('delete pod polite --wait=true --timeout=20s'),
  step('apply -f -', { input: polite }),
  step('delete pod polite --grace-period=0 --force'),
  step('get pod polite'),
  step(`run runner --image=${IMAGE} --restart=Never --command -- python3 -c print(1)`),
  step('wait --for=jsonpath={.status.phase}=Succeeded pod/runner --timeout=20s'),
  step('logs runner'),
  step('delete pods --all --now'),

  step(
    'get events --field-selector involvedObject.name=runner -o custom-columns=TYPE:.type,REASON:.reason,KIND:.involvedObject.kind',
    { until: /Started/ },
  ),
  step('auth can-i create pods --subresource=attach'),
  step('auth can-i create procedures.oet.skao.int'),
  step('delete procedure hello warned'),
  step('delete procedure hello'),
  step('get procedure hello'),
  step('get nothings'),
  step('delete proc --all'),
];
