/** The least a server over UDP can do in Node: sends each datagram back. Argument: the IPv4 address to bind. */
import { createSocket } from 'node:dgram';
import { answerParent } from './process.ts';

const [address = '127.0.0.1'] = process.argv.slice(2);
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 4 * 1024 * 1024,
  lookup: (host, _options, callback) => callback(null, host, 4),
});
socket.on('message', (data, from) => socket.send(data, from.port, from.address));
socket.bind(0, address, () => answerParent({ address, port: socket.address().port }));
