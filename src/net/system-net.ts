/** The machine's own network: Node's UDP and TCP, and SCTP, as protocol folders see them. */

import { localAddresses } from './local-addresses.ts';
import type { Net, SctpNet } from './ports.ts';
import { systemSctp } from './sctp/sctp.ts';
import { connectStream, listenStream } from './tcp.ts';
import { bindDatagram } from './udp.ts';

/** @param onBug told what a handler threw: a bug of ours, which costs the message and nothing else. */
export function systemNet(onBug: (error: unknown) => void): Net & SctpNet {
  return {
    bindDatagram: (options, handler) => bindDatagram(options, handler, onBug),
    listenStream: (options, onConnection) => listenStream(options, onConnection, onBug),
    connectStream: (options, handler) => connectStream(options, handler, onBug),
    localAddresses,
    ...systemSctp(onBug),
  };
}
