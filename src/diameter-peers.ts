import type { DiameterServer } from './config/schema/network.ts';
import type { Settings } from './config/settings.ts';
import type { DiameterPeerRow, RxSessionRow } from './control/actions.ts';
import type { Clock } from './core/clock.ts';
import { type Endpoint, printEndpoint } from './core/endpoint.ts';
import type { Random } from './core/random.ts';
import { CX, RX } from './diameter/command.ts';
import type { LinkNet } from './diameter/link.ts';
import { Peer, type PeerOptions } from './diameter/peer.ts';
import type { Rx } from './diameter/rx.ts';
import type { Log } from './log/log.ts';
import { diameterLogTap } from './log/tap-log.ts';

export interface DiameterPeers {
  readonly cx: Peer | undefined;
  readonly rx: Peer | undefined;
  /** Each once. */
  readonly all: readonly Peer[];
}

export interface DiameterParts {
  readonly net: LinkNet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Less than phones wait for the answer to a REGISTER. */
const ANSWER_MS = 6000;

/**
 * The peers a configuration names: one with one connection when Cx and Rx name the same server, by the same transport
 * and under the same name of ours.
 */
export function diameterPeers(settings: Settings, product: string, parts: DiameterParts): DiameterPeers {
  const cx = serverOf(settings.cx_server_addr, settings.cx_bind_addr, {
    host: settings.cx_origin_host,
    realm: settings.cx_origin_realm,
  });
  const rx = serverOf(settings.rx_server_addr, settings.rx_bind_addr, {
    host: settings.rx_origin_host,
    realm: settings.rx_origin_realm,
  });
  const make = (options: Server, applications: readonly number[]) => {
    const { net, clock, random, log } = parts;
    const base = applications.includes(CX) ? 'cx' : 'rx';
    const tap = diameterLogTap(log, (application) => (application === CX ? 'cx' : application === RX ? 'rx' : base));
    const logger = log.logger(base);
    return new Peer({ net, clock, random, logger, tap }, { ...options, product, applications, answerMs: ANSWER_MS });
  };
  if (cx !== undefined && rx !== undefined && isSame(cx, rx)) {
    const shared = make(cx, [CX, RX]);
    return { cx: shared, rx: shared, all: [shared] };
  }
  const peers = { cx: cx && make(cx, [CX]), rx: rx && make(rx, [RX]) };
  return { ...peers, all: [peers.cx, peers.rx].filter((peer) => peer !== undefined) };
}

type Server = Pick<PeerOptions, 'transport' | 'remote' | 'local' | 'own'>;

function serverOf(
  server: DiameterServer | undefined,
  local: Endpoint | undefined,
  own: PeerOptions['own'],
): Server | undefined {
  if (server === undefined) return undefined;
  const { transport, address, port } = server;
  return { transport, remote: { address, port }, own, ...(local !== undefined && { local }) };
}

function isSame(a: Server, b: Server): boolean {
  return (
    a.transport === b.transport &&
    a.remote.address === b.remote.address &&
    a.remote.port === b.remote.port &&
    a.own.host === b.own.host &&
    a.own.realm === b.own.realm
  );
}

/** A peer as commands show it. */
export function peerRow(peer: Peer | undefined, clock: Clock): DiameterPeerRow | undefined {
  if (peer === undefined) return undefined;
  const { transport, remote, state, identity, since, retryInMs, trouble, pending } = peer.status;
  return {
    transport,
    remote: printEndpoint(remote),
    state,
    pending,
    ...(identity !== undefined && { host: identity.host }),
    ...(since !== undefined && { connectedForS: Math.round((clock.wallNow() - since) / 1000) }),
    ...(retryInMs !== undefined && { retryInS: Math.round(retryInMs / 1000) }),
    ...(trouble !== undefined && { trouble }),
  };
}

export function rxSessionRows(rx: Rx): readonly RxSessionRow[] {
  return [...rx.sessions].map(({ id, subject, state, media, access }) => ({
    id,
    call: subject.call,
    user: subject.user,
    address: subject.address,
    state,
    media: media.map(({ type, status }) => `${type.toLowerCase()}:${status.toLowerCase()}`),
    ...(access !== undefined && { access }),
  }));
}
