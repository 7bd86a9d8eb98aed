import { step, type Step } from './step.ts';

const scripts = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'scripts', labels: { a: 'b' } },
  data: { 'hello.py': 'def main(): pass\n' },
};

/** The built-in kinds that surround a Procedure, and who may do what with them. */
export const OBJECTS: readonly Step[] = [
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
  step('create configmap dry --from-literal=a=b --dry-run=server -o yaml'),
  step('create namespace NAMESPACE-dry --dry-run=server'),
  step('create pdb budget --min-available=1 --selector=a=b'),
  step('get pdb budget'),
  step('create service clusterip service --tcp=80:8080 --dry-run=server'),
  step('create quota quota --hard=count/procedures.oet.skao.int=100'),
  step('get quota quota -o jsonpath={.spec}'),

  step('create serviceaccount reader'),
  step('describe serviceaccount reader'),
  step('create token nobody'),
  step('create token reader', { mute: true }),
  step('create role reader --verb=get,list --resource=procedures.oet.skao.int,pods/log'),
  step('create rolebinding reader --role=reader --serviceaccount=NAMESPACE:reader'),
  step('describe role reader'),
  step('describe rolebinding reader'),
  step('get roles,rolebindings'),
  step('auth can-i create pods --subresource=attach'),
  step('auth can-i create procedures.oet.skao.int'),
  step('auth can-i --list'),
  step('auth can-i --list --as=bob'),
  step('auth can-i get procedures.oet.skao.int --as=system:serviceaccount:NAMESPACE:reader', { until: /yes/ }),
  step('auth can-i delete procedures.oet.skao.int --as=system:serviceaccount:NAMESPACE:reader'),
  step('auth whoami --as=bob --as-group=night'),
  step('get procedures --as=system:serviceaccount:NAMESPACE:reader -o name'),
  step('delete procedure hello --as=system:serviceaccount:NAMESPACE:reader'),
  step('get procedures --as=bob'),
];
