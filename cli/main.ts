import { constants } from 'node:os';
import { EXIT_CODES } from './exit-codes.ts';
import { nodePorts } from './node-ports.ts';
import { main } from './program.ts';

const interrupt = new AbortController();
const interrupted = { code: EXIT_CODES.interrupted.code as number };

// `timeout` and job runners send SIGTERM: a script that `oet run` started is to be stopped then, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    const code = 128 + constants.signals[signal];
    // The first asks the command to end, the second does not wait for it.
    if (interrupt.signal.aborted) process.exit(code);
    interrupted.code = code;
    interrupt.abort();
  });
}
const ports = nodePorts(interrupt.signal);
const code = await main(process.argv.slice(2), ports);
// Connections that are kept open for more requests would keep the process.
process.exit(code === EXIT_CODES.interrupted.code ? interrupted.code : code);
