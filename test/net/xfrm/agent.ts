/** Sends, and answers with what came in, in whichever network namespace it is started in; see far-end.ts. */
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';
import type { Endpoint } from '../../../src/core/endpoint.ts';

export type Order =
  | { readonly act: 'listen'; readonly transport: 'udp' | 'tcp'; readonly at: Endpoint }
  | {
      readonly act: 'ask';
      readonly transport: 'udp' | 'tcp';
      readonly from: Endpoint;
      readonly to: Endpoint;
      readonly text: string;
    }
  /** Sends and waits for nothing. */
  | { readonly act: 'tell'; readonly from: Endpoint; readonly to: Endpoint; readonly text: string }
  | { readonly act: 'heard' };

let heard: string[] = [];

function perform(order: Order): Promise<unknown> {
  switch (order.act) {
    case 'listen':
      return order.transport === 'udp' ? listenUdp(order.at) : listenTcp(order.at);
    case 'ask':
      return order.transport === 'udp' ? askUdp(order) : askTcp(order);
    case 'tell':
      return new Promise<void>((done) => {
        const socket = createSocket(isIPv6(order.from.address) ? 'udp6' : 'udp4');
        socket.bind(order.from.port, order.from.address, () => {
          socket.send(order.text, order.to.port, order.to.address, () => socket.close(() => done()));
        });
      });
    case 'heard': {
      const all = heard;
      heard = [];
      return Promise.resolve(all);
    }
  }
}

function listenUdp({ address, port }: Endpoint): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (data, from) => {
    heard.push(String(data));
    socket.send(data, from.port, from.address);
  });
  return new Promise((done) => socket.bind(port, address, done));
}

function listenTcp({ address, port }: Endpoint): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard.push(String(data));
      socket.write(data);
    });
  });
  return new Promise((done) => server.listen(port, address, done));
}

function askUdp({ from, to, text }: Extract<Order, { act: 'ask' }>): Promise<string> {
  const socket = createSocket(isIPv6(from.address) ? 'udp6' : 'udp4');
  return new Promise((done) => {
    socket.on('message', (data) => {
      socket.close();
      done(String(data));
    });
    socket.bind(from.port, from.address, () => socket.send(text, to.port, to.address));
  });
}

function askTcp({ from, to, text }: Extract<Order, { act: 'ask' }>): Promise<string> {
  const socket = connect({ host: to.address, port: to.port, localAddress: from.address, localPort: from.port });
  return new Promise((done, fail) => {
    socket.on('error', fail);
    socket.on('connect', () => socket.write(text));
    socket.on('data', (data) => {
      // Nothing of the connection goes on when its states are gone.
      socket.resetAndDestroy();
      done(String(data));
    });
  });
}

for await (const line of createInterface(process.stdin)) {
  const { id, order } = JSON.parse(line) as { id: number; order: Order };
  perform(order).then(
    (result) => console.log(JSON.stringify({ id, result })),
    (error: unknown) => console.log(JSON.stringify({ id, error: String(error) })),
  );
}
