import { EXIT_CODES } from './exit-codes.ts';
import { nodePorts } from './node-ports.ts';
import { main } from './program.ts';

const interrupt = new AbortController();
process.on('SIGINT', () => {
  // The first asks the command to end, the second does not wait for it.
  if (interrupt.signal.aborted) process.exit(EXIT_CODES.interrupted.code);
  interrupt.abort();
});
const ports = nodePorts((code) => process.exit(code), interrupt.signal);
// Connections that are kept open for more requests would keep the process.
process.exit(await main(process.argv.slice(2), ports));
