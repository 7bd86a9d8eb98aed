import { IMAGE, pythonPod } from '../harness/pods.ts';
import { step, type Step } from './step.ts';

const talker = pythonPod(
  'talker',
  "import sys\nprint('hello', flush=True)\nfor line in sys.stdin:\n    print('got', line.strip(), flush=True)\n    if line == 'bye\\n': sys.exit(3)",
  { meta: { labels: { who: 'talker' } } },
);
const polite = pythonPod(
  'polite',
  "import os, signal, time\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(0))\nprint('hello', flush=True)\nwhile True: time.sleep(1)",
);

/** The events of a start: the scheduler's and the kubelet's come by two ways. */
const ALL_TOLD = /(?=[^]*Scheduled)(?=[^]*Started)/;

/** exec and cp are for real nodes: here a container is a process of this machine. */
const NO_EXEC = /^Error from server \(NotImplemented\): the embedded cluster runs no commands in containers/m;

/** The life of a pod by hand. */
export const PODS: readonly Step[] = [
  step('apply -f -', { input: talker }),
  step('wait --for=condition=Ready pod/talker --timeout=120s'),
  step('get pods talker'),
  step('get pod talker -o wide'),
  step('get pods --field-selector=status.phase=Running,metadata.name=talker -o name'),
  step('get pods --field-selector=status.colour=red'),
  step('get all'),
  step('top pods'),
  step('exec nobody -- true'),
  step('exec talker -c nobody -- true'),
  step('exec talker -- echo hi', { embedded: NO_EXEC }),
  step('exec talker -- python3 -c raise(SystemExit(3))', { embedded: NO_EXEC }),
  step('cp nobody:/etc/hostname /dev/null'),
  step('cp talker:/etc/no-such-file /dev/null', { mute: true, embedded: /exit [01]/ }),
  step('get pod talker -o jsonpath={.status.phase}'),
  step('describe pod talker', { until: ALL_TOLD }),
  step('logs talker', { until: /hello/ }),
  step('logs nobody'),
  step('logs talker -c nobody'),
  step('attach talker -c main -i -q', { input: 'one\nbye\n', mute: true }),
  step('wait --for=jsonpath={.status.phase}=Failed pod/talker --timeout=120s'),
  step('get pods talker'),
  step('logs talker -f'),
  step('logs -f --tail=1 --since=1h --timestamps -l who=talker'),
  step('logs -l who=talker --prefix --all-containers'),
  step('logs talker --since=1h --tail=2'),
  step('logs talker --since-time=2026-13-01T00:00:00Z'),
  step('logs talker --previous'),
  step('logs talker --tail=1'),
  step('logs pod/talker --limit-bytes=3'),
  step('apply -f -', { input: talker }),
  step('patch pod talker -p {"metadata":{"labels":{"a":"b"}}}'),
  step('patch pod talker -p {"spec":{"restartPolicy":"Always"}}'),
  step('get pods -l a=b -o name'),
  step('events --for pod/talker --types=Warning'),
  step('exec talker -- true'),
  step('debug talker --image=IMAGE --profile=general --container=debugger --image-pull-policy=Never -- true', {
    embedded: /ephemeral containers are disabled for this cluster/,
  }),
  step('delete pod talker'),
  step('apply -f -', { input: polite }),
  step('wait --for=condition=Ready pod/polite --timeout=120s'),
  step('delete pod polite --wait=true --timeout=120s'),
  step('apply -f -', { input: polite }),
  step('delete pod polite --grace-period=0 --force'),
  step('get pod polite'),
  step(`run runner --image=${IMAGE} --restart=Never --command -- python3 -c print(1)`),
  step('wait --for=jsonpath={.status.phase}=Succeeded pod/runner --timeout=120s'),
  step('logs runner'),
  step(`run once --image=${IMAGE} --restart=Never --rm -i --command -- python3 -c print(2)`, { mute: true }),
  step('events --for pod/runner', { until: /Started/, mute: true }),
  step('delete pod runner --wait=false'),
  step('delete pods --all --now'),
  step(
    'get events --field-selector involvedObject.name=runner -o custom-columns=TYPE:.type,REASON:.reason,KIND:.involvedObject.kind',
    { until: ALL_TOLD },
  ),
];
