/** `greeting-client ADDRESS PORT LOCAL-PORT`: connects over the kernel's SCTP, says hello and stays. */
import { kernelSctp } from '../../../src/net/sctp/kernel.ts';
import { systemCalls } from '../../../src/net/sctp/system-calls.ts';

const [address = '', port = '', from = ''] = process.argv.slice(2);
const association = kernelSctp(systemCalls()).connect(
  { remote: { address, port: Number(port) }, local: { address: '0.0.0.0', port: Number(from) }, ppid: 0 },
  {
    onUp: () => association.send(Buffer.from('hello')),
    onMessage() {},
    onClose: (error) => console.error(error),
  },
  console.error,
);
