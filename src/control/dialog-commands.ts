import type { Actions, DialogRow, MediaRow } from './actions.ts';
import { type Command, CommandError, DONE } from './command.ts';
import { type Column, printTable, wrap } from './table.ts';

const COLUMNS: readonly Column<DialogRow>[] = [
  { title: 'Session', cell: ({ sessionId }) => sessionId },
  { title: 'State', cell: ({ state }) => state },
  { title: 'Type', cell: ({ type }) => type },
  { title: 'From', cell: ({ from }) => from, flexible: true },
  { title: 'To', cell: ({ to }) => to, flexible: true },
  { title: 'Duration', cell: ({ durationS }) => `${Math.floor(durationS)}s` },
];

/** One line for each dialog of a call and, under it, one for each of its media. */
export const dialogCommand: Command = {
  synopsis: '[session]',
  summary: 'List the dialogs of calls',
  details: [
    'Shows every dialog, also for 30 seconds after it has stopped: server is that of a phone that calls, client that of',
    'a phone it calls, echo and mt call are those of the server itself. Under it one line for each media: its direction',
    'seen from here, where RTP and RTCP go, and packets received and sent. With a session, only that one.',
  ],
  complete: (_words, actions) => actions.dialogs().map(({ sessionId }) => sessionId),
  run({ session }, actions) {
    const rows = actions.dialogs().filter(({ sessionId }) => session === undefined || sessionId === session);
    if (session !== undefined && rows.length === 0) throw unknown(session);
    return { data: { dialogs: rows.map(dialogData) }, print: (width) => printDialogs(rows, width) };
  },
};

const ACTIONS = ['stop'] as const;

/** What may be done to a dialog. */
export const dialogSetCommand: Command = {
  synopsis: '<session> <action>',
  summary: 'Act on a dialog',
  details: ['The action stop ends the call that the dialog belongs to.'],
  complete: (words, actions) => (words.length === 1 ? live(actions) : ACTIONS),
  run({ session = '', action = '' }, actions) {
    if (!(ACTIONS as readonly string[]).includes(action))
      throw new CommandError(`action stop expected, not '${action}'`);
    if (!actions.stopDialog(session)) throw unknown(session);
    return DONE;
  },
};

function live(actions: Actions): string[] {
  return actions
    .dialogs()
    .filter(({ state }) => state !== 'stop')
    .map(({ sessionId }) => sessionId);
}

function unknown(session: string): CommandError {
  return new CommandError(`no dialog has the session '${session}', or it is over; 'dialog' lists them`);
}

/** A dialog in the words of the manual (§6.5, dialog_get). */
export function dialogData(row: DialogRow): object {
  const { sessionId, state, type, to, from, partner, date, durationS, events, medias } = row;
  return {
    session_id: sessionId,
    state,
    type,
    to,
    from,
    ...(partner !== undefined && { [type === 'client' ? 'mo_dialog' : 'mt_dialog']: partner }),
    date,
    duration: durationS,
    event_list: events,
    medias: medias.map((media) => ({
      type: media.type,
      qos: media.qos,
      dir: media.direction,
      ...(media.rtpTarget !== undefined && { rtp_addr: media.rtpTarget }),
      rtp_recv_count: media.rtpReceived,
      rtp_send_count: media.rtpSent,
      ...(media.rtcpTarget !== undefined && { rtcp_addr: media.rtcpTarget }),
      rtcp_recv_count: media.rtcpReceived,
      rtcp_send_count: media.rtcpSent,
    })),
  };
}

function printDialogs(rows: readonly DialogRow[], width: number): string[] {
  if (rows.length === 0) return ['No dialogs'];
  const { header, lines } = printTable(COLUMNS, rows, width);
  return [
    header,
    ...rows.flatMap(({ medias }, index) => [
      lines[index] as string,
      ...medias.flatMap((media) => wrap(printMedia(media), width)),
    ]),
  ];
}

function printMedia(media: MediaRow): string {
  const { type, qos, direction, rtpTarget = '-', rtcpTarget = '-' } = media;
  const rtp = `RTP ${rtpTarget} ${media.rtpReceived} in ${media.rtpSent} out`;
  const rtcp = `RTCP ${rtcpTarget} ${media.rtcpReceived} in ${media.rtcpSent} out`;
  return [`Media ${type}`, direction, ...(qos === 'disabled' ? [] : [`qos=${qos}`]), rtp, rtcp].join('  ');
}
