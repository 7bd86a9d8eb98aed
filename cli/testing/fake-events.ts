import type { ServerResponse } from 'node:http';

/** The events of a fake server: numbered, kept, sent to all that are attached. */
export class FakeEvents {
  readonly #kept: string[] = [];
  readonly #attached = new Set<ServerResponse>();
  #waiting: (() => void)[] = [];

  /** How many clients are attached. */
  get clients(): number {
    return this.#attached.size;
  }

  /** Resolves when so many clients are attached. */
  async attachedClients(count: number): Promise<void> {
    while (this.#attached.size < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  attach(response: ServerResponse, after: number | undefined): void {
    this.#attached.add(response);
    response.on('close', () => this.#attached.delete(response));
    // An id without data: where a client goes on that has not seen an event yet.
    response.write(`id: ${after ?? this.#kept.length}\n\n`);
    if (after !== undefined) for (const text of this.#kept.slice(after)) response.write(text);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Forgets who is attached: their connections end. */
  detachAll(): void {
    this.#attached.clear();
  }

  /** Sends an event. */
  send(event: object): void {
    const text = `id: ${this.#kept.length + 1}\ndata: ${JSON.stringify(event)}\n\n`;
    this.#kept.push(text);
    for (const response of this.#attached) response.write(text);
  }

  /** Sends text as it is, such as half an event. */
  sendRaw(text: string): void {
    for (const response of this.#attached) response.write(text);
  }
}
