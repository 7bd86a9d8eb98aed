import { Router } from 'express';
import type { Response } from 'express';
import { apiError } from '../errors.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { clientSignal, openStream, send } from '../http/send.ts';
import type { Store } from '../ports.ts';
import { pathId } from '../procedures/routes.ts';
import type { ProcedureService } from '../procedures/service.ts';
import type { Catalogue } from '../procedures/catalogue.ts';
import { summarise } from '../procedures/summary.ts';
import type { StoreWatch } from '../store-watch.ts';
import { followOutput } from './follow.ts';
import { outputQuery } from './query.ts';

/** What the routes work with. */
export interface OutputRoutePorts {
  readonly service: ProcedureService;
  readonly catalogue: Catalogue;
  readonly store: Store;
  readonly storeWatch: StoreWatch;
  readonly shutdown: AbortSignal;
  /** Counts bytes sent. */
  readonly sent?: (bytes: number) => void;
}

/** Ends the answer, or cuts it where the shutdown did. */
function finish(response: Response, shutdown: AbortSignal): void {
  if (shutdown.aborted) response.destroy();
  else response.end();
}

/** What a run printed and how it ended: `/procedures/{id}/output`, `/result`, `/history`. Served as long as the store has it. */
export function outputRoutes({ service, catalogue, store, storeWatch, shutdown, sent }: OutputRoutePorts): Router {
  const router = Router({ caseSensitive: true });

  router
    .route('/procedures/:id/output')
    .get(async (request, response) => {
      const id = pathId(request);
      const { follow, from, stream } = outputQuery(request);
      const { procedure, run } = await service.record(id);
      const uid = run?.uid ?? procedure?.metadata.uid ?? '';
      if (shutdown.aborted) throw apiError('stopping');
      openStream(response, { 'Content-Type': 'text/plain; charset=utf-8' });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      const signal = clientSignal(response, shutdown);
      // A procedure that nobody has taken up yet is over when it is deleted.
      const over = (): boolean => {
        const now = catalogue.get(id);
        return now?.metadata.uid !== uid || now.status.phase === 'Finished';
      };
      const options = { uid, from, follow, over, ...(stream ? { stream } : {}) };
      for await (const bytes of followOutput(store, storeWatch, options, signal)) {
        sent?.(bytes.length);
        if (!(await send(response, bytes, signal))) break;
      }
      // A shutdown is not the end of the output: a cut connection says so, and clients come back.
      finish(response, shutdown);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/procedures/:id/result')
    .get(async (request, response) => {
      const sources = await service.record(pathId(request));
      const { script: _, script_args: __, history, ...rest } = summarise(sources);
      const { run } = sources;
      response.json({
        ...rest,
        result: rest.result ?? null,
        stacktrace: history.stacktrace,
        failure: run?.failure ?? rest.failure ?? null,
        progress: run?.progress ?? null,
        output: run ? { bytes: run.bytes, complete: run.complete } : null,
      });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/procedures/:id/history')
    .get(async (request, response) => {
      response.json(summarise(await service.record(pathId(request))).history);
    })
    .all(methodNotAllowed('GET'));

  return router;
}
