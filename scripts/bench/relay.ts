import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Row } from './message.ts';
import type { ChildMessage } from './relay-child.ts';

const ADDRESS = '127.0.0.1';
const WARM_UP = 20_000;
const PACKETS = 60_000;
/** Packets on the way at once; the receive buffers hold them all. */
const WINDOW = 128;
/** A 20 ms packet of G.711: 12 octets of RTP header and 160 of sound. */
const PACKET = Buffer.alloc(172, 0x80);

/**
 * RTP packets forwarded per second of CPU time, by the media relay and by two bare sockets of Node in the same run.
 * @param streams how many calls the packets are spread over.
 */
export async function relayBench(streams: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [mode, name] of [
    ['bare', `forward a packet with bare sockets, ${streams} calls`],
    ['relay', `relay an RTP packet, ${streams} calls`],
  ] as const) {
    rows.push({ name, perSecond: await measure(mode, streams) });
  }
  return rows;
}

async function measure(mode: 'relay' | 'bare', streams: number): Promise<number> {
  const [source, sink] = await Promise.all([udpSocket(), udpSocket()]);
  const args = [mode, `${streams}`, `${sink.address().port}`];
  const child = fork(fileURLToPath(new URL('./relay-child.js', import.meta.url)), args);
  try {
    const { ports = [] } = await messageOf(child);
    await pump(source, sink, ports, WARM_UP);
    await cpuOf(child);
    const arrived = await pump(source, sink, ports, PACKETS);
    return Math.round((arrived * 1_000_000) / (await cpuOf(child)));
  } finally {
    child.disconnect();
    source.close();
    sink.close();
  }
}

/** CPU time of the child, in microseconds, since this was asked last. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('mark');
  return (await messageOf(child)).cpuMicroseconds ?? 0;
}

async function messageOf(child: ChildProcess): Promise<ChildMessage> {
  const [message] = (await once(child, 'message')) as [ChildMessage];
  return message;
}

async function udpSocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
  socket.bind(0, ADDRESS);
  await once(socket, 'listening');
  return socket;
}

/**
 * Sends `count` packets, over `ports` in turn, a new one for each that arrives.
 * @returns how many arrived.
 */
function pump(source: Socket, sink: Socket, ports: readonly number[], count: number): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0;
    let arrived = 0;
    let arrivedBefore = -1;
    const sendOne = () => {
      if (sent < count) source.send(PACKET, ports[sent++ % ports.length], ADDRESS);
    };
    const finish = () => {
      clearInterval(watch);
      sink.removeListener('message', onArrived);
      resolve(arrived);
    };
    const onArrived = () => {
      arrived++;
      if (arrived === count) finish();
      else sendOne();
    };
    // Lost packets are not waited for: the window is filled again, and at the end what arrived counts.
    const watch = setInterval(() => {
      if (arrived !== arrivedBefore) arrivedBefore = arrived;
      else if (sent === count) finish();
      else for (let index = 0; index < WINDOW; index++) sendOne();
    }, 500);
    sink.on('message', onArrived);
    for (let index = 0; index < WINDOW; index++) sendOne();
  });
}
