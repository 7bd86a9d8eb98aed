import { INLINE, procedure } from '../harness/procedures.ts';
import { condition, EDITOR, status, step, type Step } from './step.ts';

const hello = procedure('hello', { ...INLINE, main: { kwargs: { name: 'world', times: 2 } } });
const all = { ...hello, spec: { ...INLINE, main: { kwargs: { name: 'all' } } } };

/** Making Procedures, looking at them, changing them. */
export const PROCEDURES: readonly Step[] = [
  step('api-resources --api-group=oet.skao.int --no-headers'),
  step('explain procedures.spec.startPolicy'),
  step('explain proc.spec.stop --recursive'),

  step('get procedures'),
  step('apply -f -', { input: hello }),
  step('apply -f -', { input: hello }),
  step('apply -f -', { input: all }),
  step('create -f -', { input: hello }),
  step('diff -f -', { input: all }),
  step('get procedures'),
  step('get proc hello -o wide'),
  step('get procedure/hello -o name'),
  step('get procedure hello -o json'),
  step('get procedure hello -o yaml --show-managed-fields'),
  step('get procedure hello -o jsonpath={.spec.main.kwargs.name}'),
  step('get procedures -o custom-columns=NAME:.metadata.name,POLICY:.spec.startPolicy'),
  step('get oet'),
  step('describe procedure hello'),

  step('get procedures --show-labels'),
  step('get procedures -L team --chunk-size=1 --sort-by=.metadata.name'),
  step('get procedure hello -o go-template={{.spec.startPolicy}}'),
  step('get procedure hello -o jsonpath-as-json={.spec.main}'),
  step('get procedure hello -o kyaml'),
  step('apply view-last-applied procedure hello'),
  step('diff -f -', { input: hello }),

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
  step('wait --for=condition=Ready procedure/hello --timeout=3s'),
  { args: ['patch', 'procedure', 'hello', ...status({ observedGeneration: 4 })] },
  step('wait --for=condition=Ready procedure/hello --timeout=120s'),
  step('wait --for=jsonpath={.status.state}=READY procedure/hello --timeout=120s'),
  step('wait --for=jsonpath={.status.state}=COMPLETE procedure/hello --timeout=3s'),
  { args: ['patch', 'procedure', 'hello', ...status({ id: 8 })] },
  step('get procedure hello --watch', { lines: 2 }),
  step('get procedure hello --watch --output-watch-events', { lines: 2 }),

  step('label procedure hello team=b'),
  step('label procedure hello team=b --overwrite'),
  step('label procedures --all all=yes'),
  step('label procedure hello a/b/c=d'),
  step('label procedure hello team- all-'),
  step('annotate procedure hello note-'),
  step('edit procedure hello', { env: EDITOR('s/name: all/name: edited/') }),
  step('edit procedure hello', { env: EDITOR('s/nothing/at all/') }),
  step('get procedure hello -o jsonpath={.spec.main}'),
  step('edit procedure hello --subresource=status', { env: EDITOR('s/state: READY/state: RUNNING/') }),
  step('get procedure hello --subresource=status -o jsonpath={.status.state}'),
  step('wait --for=create procedure/hello --timeout=120s'),
  step('wait --for=delete procedure/nobody --timeout=120s'),
  step('scale procedure hello --replicas=2'),
  step('rollout status procedure/hello'),
];
