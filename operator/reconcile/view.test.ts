import { describe, expect, it } from '@jest/globals';
import { LABELS } from '../../crds/constants.ts';
import { ClusterView, type LivePod, type LiveProcedure } from './view.ts';

function procedure(resourceVersion: string, metadata: object = {}): LiveProcedure {
  return {
    apiVersion: 'oet.skao.int/v1alpha1',
    kind: 'Procedure',
    metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion, creationTimestamp: '', ...metadata },
    spec: {},
    status: {},
  } as unknown as LiveProcedure;
}

function pod(resourceVersion: string, metadata: object = {}): LivePod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p-u',
      namespace: 'n',
      uid: 'v',
      resourceVersion,
      creationTimestamp: '',
      labels: { [LABELS.procedureUid]: 'u' },
      managedFields: [{ manager: 'oet' }],
      ...metadata,
    },
    spec: { nodeName: 'node1', containers: [{ name: 'main', image: 'python:3', command: ['x'.repeat(6_000)] }] },
    status: { phase: 'Running' },
  } as unknown as LivePod;
}

describe('what is kept', () => {
  it('of a pod is who, where and how it is: neither its containers nor who wrote what', () => {
    const view = new ClusterView();
    expect(view.setPod(pod('1'))).toBe('u');
    const kept = view.pod('u');
    expect(kept).toMatchObject({ metadata: { name: 'p-u', uid: 'v' }, spec: { nodeName: 'node1' } });
    expect(kept?.status).toEqual({ phase: 'Running' });
    expect(JSON.stringify(kept).length).toBeLessThan(500);
  });

  it('of an answer to a write is what a watch tells, too, and once that has come it is the same object', () => {
    const view = new ClusterView();
    view.setProcedure(procedure('2', { managedFields: [{ manager: 'oet' }] }));
    expect(view.procedure('u')?.metadata.managedFields).toBeUndefined();
    const watched = procedure('2');
    expect(view.setProcedure(watched)).toBe(false);
    expect(view.procedure('u')).toBe(watched);
  });
});

describe('the newer version', () => {
  it('of a procedure stays, whatever comes late', () => {
    const view = new ClusterView();
    expect(view.setProcedure(procedure('10'))).toBe(true);
    expect(view.setProcedure(procedure('9'))).toBe(false);
    expect(view.procedure('u')?.metadata.resourceVersion).toBe('10');
  });

  it('of a pod stays, with the deletion that we asked for', () => {
    const view = new ClusterView();
    view.setPod(pod('1'));
    view.markPodDeleting('u', 0);
    view.setPod(pod('1'));
    expect(view.pod('u')?.metadata.deletionTimestamp).toBeDefined();
  });

  it('of a pod that is gone is none', () => {
    const view = new ClusterView();
    view.setPodGone('u', 'unseen');
    view.setPod(pod('5'));
    expect(view.pod('u')).toBeUndefined();
    expect(view.gonePod('u')).toBe('unseen');
  });
});
