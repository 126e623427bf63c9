import type { B2bua } from './call/b2bua.ts';
import type { DialogRecord } from './call/dialog-record.ts';
import type { DialogRow, MediaRow } from './control/actions.ts';
import { readableText } from './sip/message/message.ts';

/** The dialogs of calls as commands show them. */
export function dialogRows(b2bua: B2bua): readonly DialogRow[] {
  return b2bua.dialogs.map(dialogRow);
}

function dialogRow(record: DialogRecord): DialogRow {
  const { sessionId, state, type, from, to, partner, createdAt, duration, events } = record;
  const qos = record.qos();
  return {
    sessionId,
    state,
    type,
    from: readableText(from),
    to: readableText(to),
    ...(partner !== undefined && { partner }),
    date: Math.floor(createdAt / 1000),
    durationS: duration,
    events,
    medias: record.medias().map((media): MediaRow => {
      const { index, rtpTarget, rtcpTarget, ...rest } = media;
      return {
        ...rest,
        qos: qos[index] ?? 'disabled',
        ...(rtpTarget !== undefined && { rtpTarget }),
        ...(rtcpTarget !== undefined && { rtcpTarget }),
      };
    }),
  };
}
