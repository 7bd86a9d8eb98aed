/** A refusal as the API server words it. */
export function failure(code: number, reason: string, message: string, details?: Record<string, unknown>): object {
  const about = details ? { details } : {};
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...about, code };
}
