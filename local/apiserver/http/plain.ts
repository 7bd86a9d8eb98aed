import type { IncomingMessage, ServerResponse } from 'node:http';
import { aggregated, coreVersions, groupList, oneGroup, resourceList } from '../discovery/documents.ts';
import { openApiDocument, openApiIndex } from '../openapi/documents.ts';
import type { ServerContext } from './context.ts';
import { negotiate } from './negotiate.ts';
import { sendBody, sendJson } from './reply.ts';

/** The version that `kubectl version` shows; the release whose behaviour was copied. */
const SERVER_VERSION = 'v1.35.0+oet';

const VERSION = {
  major: '1',
  minor: '35',
  gitVersion: SERVER_VERSION,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'node',
  compiler: 'node',
  platform: 'linux/amd64',
};

/** What kubectl asks `/openapi/v2` for when version 3 has no answer; no other form is understood by it. */
const OPENAPI_V2_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

function protobufText(field: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}

/** `swagger`, `info` and no paths: everything is said in version 3. */
const OPENAPI_V2 = Buffer.concat([
  protobufText(1, '2.0'),
  protobufText(2, Buffer.concat([protobufText(1, 'Kubernetes'), protobufText(2, SERVER_VERSION)])),
  protobufText(8, ''),
]);

/** Serves what is no resource: version, health, discovery, OpenAPI. False if there is nothing at this path. */
export function servePlain(context: ServerContext, req: IncomingMessage, res: ServerResponse, path: string): boolean {
  const { registry } = context.api;
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second, third, ...more] = parts;
  const answer = (document: unknown): boolean => {
    if (document === undefined) return false;
    sendJson(res, 200, JSON.stringify(document), 'json', { vary: 'Accept' });
    return true;
  };
  if (more.length > 0 && first !== 'openapi') return false;
  switch (first) {
    case 'version':
      return answer(VERSION);
    case 'healthz':
    case 'livez':
    case 'readyz':
      sendBody(res, 200, 'text/plain; charset=utf-8', 'ok');
      return true;
    case 'api':
    case 'apis': {
      const core = first === 'api';
      if (second === undefined) {
        const wanted = negotiate(req.headers.accept);
        if (wanted.as === 'APIGroupDiscoveryList') {
          const document = JSON.stringify(aggregated(registry.all(), core));
          sendBody(res, 200, wanted.contentType, document, { vary: 'Accept' });
          return true;
        }
        return answer(core ? coreVersions(req.headers.host ?? '') : groupList(registry.all()));
      }
      if (core) return third === undefined && answer(resourceList(registry.all(), '', second));
      return answer(
        third === undefined ? oneGroup(registry.all(), second) : resourceList(registry.all(), second, third),
      );
    }
    case 'openapi': {
      if (second === 'v2' && third === undefined) {
        sendBody(res, 200, OPENAPI_V2_TYPE, OPENAPI_V2);
        return true;
      }
      if (second !== 'v3') return false;
      if (third === undefined) return answer(openApiIndex(registry.all(), registry.revision));
      const [group = '', version = ''] = third === 'api' ? ['', more[0]] : more;
      return answer(openApiDocument(registry.all(), group, version));
    }
    default:
      return false;
  }
}
