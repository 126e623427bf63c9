import type { DiameterPeerRow, RxSessionRow } from './actions.ts';
import type { Command } from './command.ts';
import { type Column, printTable } from './table.ts';

const COLUMNS: readonly Column<RxSessionRow>[] = [
  { title: 'Call', cell: ({ call }) => call },
  { title: 'User', cell: ({ user }) => user, flexible: true },
  { title: 'Address', cell: ({ address }) => address },
  { title: 'State', cell: ({ state }) => state },
  { title: 'Media', cell: ({ media }) => media.join(' ') },
  { title: 'Access', cell: ({ access }) => access ?? '-', flexible: true },
];

/** The connection with the HSS. */
export const cxCommand: Command = {
  synopsis: '',
  summary: 'Show the connection with the HSS (Cx)',
  details: ['Shows its state, the requests that wait for an answer, and how many users it has told us of.'],
  run(_args, actions) {
    const { peer, users } = actions.cx();
    return {
      data: { peer: peer ?? null, users },
      print: () => (peer === undefined ? ['No Cx: cx_server_addr is not set'] : [printPeer(peer), `Users: ${users}`]),
    };
  },
};

/** The connection with the PCRF, and a line for each leg of a call it was asked for. */
export const rxCommand: Command = {
  synopsis: '',
  summary: 'Show the connection with the PCRF and the live Rx sessions',
  details: [
    'One session per leg: the call as the log names it, the user and its address, how the session stands, its media',
    'with their flow status, and the access network where the PCRF told it.',
  ],
  run(_args, actions) {
    const { peer, sessions } = actions.rx();
    return {
      data: { peer: peer ?? null, sessions },
      print(width) {
        if (peer === undefined) return ['No Rx: rx_server_addr is not set'];
        if (sessions.length === 0) return [printPeer(peer), 'No sessions'];
        const { header, lines } = printTable(COLUMNS, sessions, width);
        return [printPeer(peer), header, ...lines];
      },
    };
  },
};

function printPeer({
  transport,
  remote,
  host,
  state,
  connectedForS,
  retryInS,
  trouble,
  pending,
}: DiameterPeerRow): string {
  const name = host === undefined ? '' : ` (${host})`;
  const since = connectedForS === undefined ? '' : ` for ${connectedForS}s`;
  const next = retryInS === undefined ? '' : `, next attempt in ${retryInS}s`;
  const why = trouble === undefined ? '' : `: ${trouble}`;
  return `${transport} ${remote}${name} ${state}${since}${next}, ${pending} requests pending${why}`;
}
