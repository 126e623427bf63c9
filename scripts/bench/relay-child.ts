/**
 * The process whose CPU time relay.ts measures: forwards packets through the media relay, or through bare sockets of
 * Node as the least that can be done. Arguments: `relay` or `bare`, number of streams, port of the sink.
 */
import { createSocket, type Socket } from 'node:dgram';
import { silent } from '../../src/core/logger.ts';
import { systemRandom } from '../../src/core/random.ts';
import { systemClock } from '../../src/core/system-clock.ts';
import { systemNet } from '../../src/net/system-net.ts';
import { MediaRelay } from '../../src/rtp/relay.ts';

/** What the child tells: first where to send, then at each `mark` the CPU time since the one before. */
export interface ChildMessage {
  readonly ports?: readonly number[];
  readonly cpuMicroseconds?: number;
}

const ADDRESS = '127.0.0.1';

function fail(error: unknown): never {
  throw error;
}

async function relayPorts(streams: number, sinkPort: number): Promise<number[]> {
  const ranges = [{ address: ADDRESS, portMin: 28000, portMax: 32000 }];
  const relay = new MediaRelay({
    net: systemNet(fail),
    clock: systemClock(fail),
    random: systemRandom(),
    logger: silent,
    ranges,
    sockets: () => [],
  });
  const place = { address: ADDRESS, peer: ADDRESS };
  const ports: number[] = [];
  for (let index = 0; index < streams; index++) {
    const { a, b } = await relay.openStream(place, place);
    b.setRemote({ address: ADDRESS, rtpPort: sinkPort, rtcpAddress: ADDRESS, rtcpPort: sinkPort + 1, muxed: true });
    ports.push(a.rtpPort);
  }
  return ports;
}

async function barePorts(streams: number, sinkPort: number): Promise<number[]> {
  const ports: number[] = [];
  for (let index = 0; index < streams; index++) {
    const [inward, outward] = await Promise.all([bareSocket(), bareSocket()]);
    inward.on('message', (data) => outward.send(data, sinkPort, ADDRESS));
    ports.push(inward.address().port);
  }
  return ports;
}

function bareSocket(): Promise<Socket> {
  const lookup = (
    address: string,
    _options: unknown,
    callback: (error: null, address: string, family: number) => void,
  ) => callback(null, address, 4);
  const socket = createSocket({ type: 'udp4', lookup, recvBufferSize: 512 * 1024 });
  return new Promise((resolve) => {
    socket.bind(0, ADDRESS, () => resolve(socket));
  });
}

const [mode, streams, sinkPort] = process.argv.slice(2);
const open = mode === 'relay' ? relayPorts : barePorts;
const tell = (message: ChildMessage) => process.send?.(message);
tell({ ports: await open(Number(streams), Number(sinkPort)) });
let before = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  tell({ cpuMicroseconds: user + system });
});
process.on('disconnect', () => process.exit());
