import { cpus, release, totalmem } from 'node:os';
import { kubeTime } from '../apiserver/objects.ts';
import type { Storage } from '../apiserver/storage.ts';
import { nodeLabels } from './scheduler.ts';

const NODES = 'nodes';

/** Makes the Node object, or brings the one that is there up to date; what people changed of it (a cordon) stays. */
export function registerNode(storage: Storage, name: string, address: string, now: number): void {
  const old = storage.get(NODES, undefined, name);
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...old?.metadata, name, labels: { ...old?.metadata.labels, ...nodeLabels(name) } },
    spec: old?.['spec'] ?? {},
    status: nodeStatus(name, address, now),
  };
  if (old) storage.update(NODES, node);
  else storage.create(NODES, node);
}

function nodeStatus(name: string, address: string, now: number): object {
  const resources = {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '1000',
  };
  const time = kubeTime(now);
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: time,
        lastTransitionTime: time,
      },
    ],
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    nodeInfo: {
      operatingSystem: 'linux',
      architecture: nodeLabels(name)['kubernetes.io/arch'],
      kernelVersion: release(),
      osImage: 'this machine',
      containerRuntimeVersion: 'local://1',
      kubeletVersion: 'v1.35.0-oet',
      kubeProxyVersion: '',
      machineID: '',
      systemUUID: '',
      bootID: '',
    },
  };
}
