/** Which chunks can be true, given what the association has sent and heard; the package would believe all of them. */
import { serialDistance } from './chunk.ts';
import type { PackageAssociation, PackageChunk, PackagePacket } from './package.ts';

/** DATA further ahead than this is no packet overtaking another; the package would walk the distance. */
const MOST_AHEAD = 2048;

/** RFC 9260 §8.5. */
export function isTagRight(
  { chunkType, flags }: PackageChunk,
  association: PackageAssociation,
  packet: PackagePacket,
): boolean {
  const reflected = (chunkType === 'abort' || chunkType === 'shutdown_complete') && flags.T === 1;
  return packet.v_tag === (reflected ? association.peer_tag : association.my_tag);
}

/** Whether the numbers in a chunk can be true. */
export function isExpected(chunk: PackageChunk, association: PackageAssociation): boolean {
  if (chunk.chunkType === 'data') return isDataExpected(chunk, association);
  return chunk.chunkType !== 'sack' || isSackExpected(chunk, association);
}

function isDataExpected({ tsn = 0, stream_id = 0, user_data }: PackageChunk, association: PackageAssociation): boolean {
  const { reassembly, state } = association;
  if (state === 'COOKIE-WAIT' || state === 'COOKIE-ECHOED') return false;
  const ahead = serialDistance(tsn, reassembly.peer_c_tsn.number);
  if (ahead <= 0) {
    // Seen before: the acknowledgement was lost.
    association.scheduleSack();
    return false;
  }
  if (reassembly.rwnd < (user_data?.length ?? 0)) {
    association.ABORT();
    association.emit('COMMUNICATION LOST');
    return false;
  }
  if (ahead > MOST_AHEAD) return false;
  // RFC 9260 §6.5. The package would take the number that comes first for the first.
  reassembly.peer_ssn[stream_id] ??= 0;
  return true;
}

/** An acknowledgement of what was not sent, or an old one that was overtaken, says nothing. */
function isSackExpected({ c_tsn_ack = 0, sack_info }: PackageChunk, association: PackageAssociation): boolean {
  const last = association.my_next_tsn.number - 1;
  const acknowledged = association.c_tsn_ack?.number;
  if (acknowledged !== undefined && serialDistance(c_tsn_ack, acknowledged) < 0) return false;
  const highest = sack_info?.gap_blocks.at(-1)?.finish ?? 0;
  return serialDistance(c_tsn_ack + highest, last) <= 0;
}
