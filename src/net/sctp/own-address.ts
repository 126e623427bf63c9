import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';

/** Rejects with the system's error for what is no IPv4 address of this machine. */
export function checkAddress(address: string): Promise<void> {
  if (!isIPv4(address)) {
    return Promise.reject(
      Object.assign(new Error('SCTP over raw sockets has IPv4 only; IPv6 needs the kernel module sctp'), {
        code: 'EPROTONOSUPPORT',
      }),
    );
  }
  return new Promise((resolve, reject) => {
    const probe = createSocket('udp4');
    probe.once('error', (error) => {
      probe.close();
      reject(error);
    });
    probe.bind({ address, port: 0, exclusive: true }, () => probe.close(resolve));
  });
}
