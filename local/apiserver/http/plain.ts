import type { IncomingMessage, ServerResponse } from 'node:http';
import { aggregated, coreVersions, groupList, oneGroup, resourceList } from '../discovery/documents.ts';
import { openApiDocument, openApiIndex } from '../openapi/documents.ts';
import type { ServerContext } from './context.ts';
import { negotiate } from './negotiate.ts';
import { sendBody, sendJson } from './reply.ts';

/** The version that `kubectl version` shows; the release whose behaviour was copied. */
export const SERVER_VERSION = 'v1.35.0+oet';

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
      if (second !== 'v3') return false;
      if (third === undefined) return answer(openApiIndex(registry.all(), registry.revision));
      const [group = '', version = ''] = third === 'api' ? ['', more[0]] : more;
      return answer(openApiDocument(registry.all(), group, version));
    }
    default:
      return false;
  }
}
