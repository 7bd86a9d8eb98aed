/** One request, below the base URL of the API. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A whole answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** An answer whose body is read as it comes. Reading throws when the connection is cut. */
export interface StreamedAnswer {
  readonly status: number;
  /** The Content-Type, or an empty text. */
  readonly type: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection of a body that is not read. */
  readonly cancel: () => void;
}

/** HTTP, as the client needs it. Both reject with a CliError `unreachable` when there is no answer. */
export interface Transport {
  readonly baseUrl: string;
  request(request: Request): Promise<Answer>;
  stream(request: Request): Promise<StreamedAnswer>;
}
