/** `echo-server ADDRESS PORT`: our own stack over raw sockets, which sends back what it hears. */
import { systemClock } from '../../../src/core/system-clock.ts';
import { loadPackage } from '../../../src/net/sctp/package.ts';
import { RawStack } from '../../../src/net/sctp/raw-stack.ts';

const [address = '', port = ''] = process.argv.slice(2);
const stack = new RawStack(loadPackage(), systemClock(console.error), console.error);
await stack.listen(
  { address, port: Number(port), ppid: 46 },
  (association) => ({ onMessage: (message) => association.send(message), onClose: (error) => console.error(error) }),
  console.error,
);
console.log('listening');
