import { expect } from '@jest/globals';
import { contract } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import { INLINE, procedure } from '../harness/procedures.ts';

const leases = (cluster: Cluster): string => `/apis/coordination.k8s.io/v1/namespaces/${cluster.namespace}/leases`;
const events = (cluster: Cluster): string => `/apis/events.k8s.io/v1/namespaces/${cluster.namespace}/events`;
const TABLE = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } };

/** Leases, events, reviews, tables and discovery. */
export const SERVICES: readonly ContractCase[] = [
  contract('a lease keeps its microseconds, and is taken by compare-and-swap', async (cluster) => {
    const name = cluster.unique('lease');
    const time = '2026-01-02T03:04:05.678900Z';
    const spec = {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: 0,
    };
    const made = await cluster.must('POST', leases(cluster), { metadata: { name }, spec });
    const taken = await cluster.call('PUT', `${leases(cluster)}/${name}`, {
      ...made,
      spec: { ...spec, holderIdentity: 'b' },
    });
    const late = await cluster.call('PUT', `${leases(cluster)}/${name}`, {
      ...made,
      spec: { ...spec, holderIdentity: 'c' },
    });

    expect(made).toMatchObject({ kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', spec });
    expect(taken.json.spec.holderIdentity).toBe('b');
    expect(late).toMatchObject({ code: 409, json: { reason: 'Conflict' } });
    expect(late.json.message).toContain(`Operation cannot be fulfilled on leases.coordination.k8s.io "${name}"`);
  }),

  contract('a lease is checked', async (cluster) => {
    const create = (spec: object) => cluster.call('POST', leases(cluster), { metadata: { name: 'wrong' }, spec });
    const values = await create({ leaseDurationSeconds: 0, leaseTransitions: -1, holderIdentity: 'a' });
    const time = await create({ renewTime: 'yesterday' });

    expect(values.json).toMatchObject({
      code: 422,
      message:
        'Lease.coordination.k8s.io "wrong" is invalid: [spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0, spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0]',
    });
    expect(time).toMatchObject({ code: 400, json: { reason: 'BadRequest' } });
  }),

  contract('an event of the new group is an event of the old one, too', async (cluster) => {
    const name = cluster.unique('event');
    const regarding = {
      kind: 'Procedure',
      apiVersion: 'oet.skao.int/v1alpha1',
      name: 'a',
      namespace: cluster.namespace,
      uid: name,
    };
    const event = {
      metadata: { name },
      eventTime: '2026-01-02T03:04:05.000001Z',
      type: 'Warning',
      reason: 'PodLost',
      action: 'Capture',
      note: 'the pod is gone',
      regarding,
      reportingController: 'oet.skao.int/operator',
      reportingInstance: 'x',
    };
    const made = await cluster.must('POST', events(cluster), event);
    const old = await cluster.must('GET', cluster.core('events', name));
    const series = { count: 2, lastObservedTime: '2026-01-02T03:05:05.000001Z' };
    const again = await cluster.must('PATCH', `${events(cluster)}/${name}`, { series });
    const find = (path: string, fieldSelector: string) =>
      cluster.must('GET', path, undefined, { query: { fieldSelector } });

    expect(made).toMatchObject(event);
    expect(old).toMatchObject({
      kind: 'Event',
      apiVersion: 'v1',
      involvedObject: regarding,
      reason: 'PodLost',
      message: 'the pod is gone',
      type: 'Warning',
      reportingComponent: 'oet.skao.int/operator',
    });
    expect(again.series).toEqual(series);
    expect(
      (await find(cluster.core('events'), `involvedObject.uid=${name},reason=PodLost,type=Warning`)).items,
    ).toHaveLength(1);
    expect((await find(cluster.core('events'), `involvedObject.uid=${name},reason=Other`)).items).toHaveLength(0);
    expect((await find(events(cluster), `regarding.uid=${name}`)).items).toHaveLength(1);
  }),

  contract('an event is checked', async (cluster) => {
    const regarding = { kind: 'Procedure', namespace: cluster.namespace };
    const event = {
      eventTime: '2026-01-02T03:04:05.000001Z',
      type: 'Normal',
      reason: 'A',
      action: 'A',
      regarding,
      reportingController: 'a.b/c',
      reportingInstance: 'x',
    };
    const long = await cluster.call('POST', events(cluster), {
      ...event,
      metadata: { name: 'long' },
      note: 'x'.repeat(1025),
    });
    const type = await cluster.call('POST', events(cluster), { ...event, metadata: { name: 'type' }, type: 'Odd' });

    expect(long).toMatchObject({
      code: 422,
      json: { message: expect.stringContaining('can have at most 1024 characters') },
    });
    expect(type).toMatchObject({ code: 422, json: { message: expect.stringContaining('has invalid value: Odd') } });
  }),

  contract('the administrator may, a wrong token is nobody', async (cluster) => {
    const may = await cluster.must('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: {
        resourceAttributes: { verb: 'create', resource: 'pods', subresource: 'attach', namespace: cluster.namespace },
      },
    });
    const token = await cluster.must('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: 'nonsense' },
    });
    const other = await cluster.must('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user: 'nobody', resourceAttributes: { verb: 'get', resource: 'pods', namespace: cluster.namespace } },
    });

    expect(may.status.allowed).toBe(true);
    expect(token.status.authenticated ?? false).toBe(false);
    expect(token.status.error).toContain('invalid bearer token');
    expect(other.status.allowed).toBe(false);
  }),

  contract('a table of Procedures has the printer columns', async (cluster) => {
    const name = cluster.unique('table');
    await cluster.must('POST', cluster.procedures(), procedure(name, INLINE));
    await cluster.must('PATCH', cluster.procedures(name, 'status'), {
      status: { id: 12, state: 'IDLE', pod: { name: 'p', node: 'n' } },
    });
    const table = await cluster.must('GET', cluster.procedures(name), undefined, TABLE);
    const columns = table.columnDefinitions.map(({ name: column, type, priority }: Record<string, unknown>) => [
      column,
      type,
      priority,
    ]);

    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(columns).toEqual([
      ['Name', 'string', 0],
      ['ID', 'integer', 0],
      ['STATE', 'string', 0],
      ['SCRIPT', 'string', 0],
      ['STARTED', 'date', 0],
      ['EXIT', 'integer', 0],
      ['POD', 'string', 1],
      ['NODE', 'string', 1],
      ['REASON', 'string', 1],
      ['AGE', 'date', 0],
    ]);
    expect(table.rows[0].cells).toEqual([
      name,
      12,
      'IDLE',
      null,
      null,
      null,
      'p',
      'n',
      null,
      expect.stringMatching(/^\d+s$/),
    ]);
    expect(table.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name } });
  }),

  contract('a table of pods is as kubectl shows it; a watch sends tables, too', async (cluster) => {
    const name = cluster.unique('pod-table');
    await cluster.pods.create(name, 'import sys; sys.exit(3)');
    await cluster.pods.until(name, 'its end', ({ status }) => status.phase === 'Failed');
    const query = { fieldSelector: `metadata.name=${name}` };
    const table = await cluster.must('GET', cluster.pods.path, undefined, { ...TABLE, query });
    const { body } = await cluster.open('GET', cluster.pods.path, undefined, {
      ...TABLE,
      query: { ...query, watch: true },
    });
    let text = '';
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes('\n')) break;
    }
    const event = JSON.parse(text.split('\n')[0]!) as {
      type: string;
      object: { kind: string; rows: { cells: unknown[] }[]; columnDefinitions: unknown };
    };

    const columns = table.columnDefinitions.map((column: { name: string }) => column.name);
    expect(columns).toEqual([
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ]);
    expect(table.rows[0].cells.slice(0, 4)).toEqual([name, '0/1', 'Error', '0']);
    expect(event.type).toBe('ADDED');
    expect(event.object.kind).toBe('Table');
    expect(event.object.rows[0]!.cells.slice(0, 3)).toEqual([name, '0/1', 'Error']);
  }),

  contract('discovery tells our kind, its short name and its status', async (cluster) => {
    const { resources } = await cluster.must('GET', '/apis/oet.skao.int/v1alpha1');
    const group = await cluster.must('GET', '/apis/oet.skao.int');
    const groups = await cluster.must('GET', '/apis');

    expect(resources).toMatchObject([
      {
        name: 'procedures',
        singularName: 'procedure',
        namespaced: true,
        kind: 'Procedure',
        shortNames: ['proc'],
        categories: ['oet'],
      },
      { name: 'procedures/status', namespaced: true, kind: 'Procedure', verbs: ['get', 'patch', 'update'] },
    ]);
    expect(new Set(resources[0].verbs)).toEqual(
      new Set(['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']),
    );
    expect(group).toMatchObject({ kind: 'APIGroup', preferredVersion: { groupVersion: 'oet.skao.int/v1alpha1' } });
    expect(groups.groups.map(({ name }: { name: string }) => name)).toContain('oet.skao.int');
  }),

  contract('OpenAPI v3 has our kind, marked with its group, version and kind', async (cluster) => {
    const index = await cluster.must('GET', '/openapi/v3');
    const { serverRelativeURL } = index.paths['apis/oet.skao.int/v1alpha1'];
    const document = await cluster.must('GET', serverRelativeURL);
    const schema = document.components.schemas['int.skao.oet.v1alpha1.Procedure'];

    expect(document.openapi).toMatch(/^3\./);
    expect(schema['x-kubernetes-group-version-kind']).toEqual([
      { group: 'oet.skao.int', version: 'v1alpha1', kind: 'Procedure' },
    ]);
    expect(schema.properties.spec.properties.startPolicy.enum).toEqual(['Manual', 'Automatic']);
  }),

  contract('the server says who it is and that it is ready', async (cluster) => {
    const version = await cluster.must('GET', '/version');

    expect(version).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) });
    expect((await cluster.call('GET', '/readyz')).text).toBe('ok');
    expect((await cluster.call('GET', '/livez')).text).toBe('ok');
  }),
];
