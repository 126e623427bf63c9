/** UDP and TCP on one port, as SIP is listened for (RFC 3261 §18.2.1). */
import type { Endpoint } from '../../core/endpoint.ts';
import type {
  DatagramSocket,
  Net,
  NetError,
  StreamConnection,
  StreamHandler,
  StreamListener,
} from '../../net/ports.ts';

export interface SocketPair {
  readonly local: Endpoint;
  readonly udp: DatagramSocket;
  readonly tcp: StreamListener;
  close(): void;
}

/** What arrives at a pair. */
export interface PairHandlers {
  onDatagram(data: Buffer, from: Endpoint): void;
  onConnection(connection: StreamConnection): StreamHandler;
}

/** How often a drawn UDP port may turn out to be taken for TCP. */
const DRAWS = 10;

/**
 * Binds both, or neither. Port 0 draws one for both.
 * @param serve told where they are, gives who takes what arrives there.
 * @throws NetError
 */
export async function bindPair(net: Net, at: Endpoint, serve: (local: Endpoint) => PairHandlers): Promise<SocketPair> {
  for (let draws = 1; ; draws++) {
    let open: PairHandlers | undefined;
    const udp = await net.bindDatagram(at, { onDatagram: (data, from) => open?.onDatagram(data, from) });
    const local = { address: at.address, port: udp.local.port };
    const handlers = serve(local);
    try {
      const tcp = await net.listenStream(local, (connection) => handlers.onConnection(connection));
      open = handlers;
      return {
        local,
        udp,
        tcp,
        close() {
          udp.close();
          tcp.close();
        },
      };
    } catch (error) {
      udp.close();
      if (at.port !== 0 || codeOf(error) !== 'EADDRINUSE' || draws === DRAWS) throw error;
    }
  }
}

/** The system's name of what went wrong. */
export function codeOf(error: unknown): string | undefined {
  return (error as NetError).code;
}
