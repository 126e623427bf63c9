/**
 * Four hex digits that stand for a longer identifier (Call-ID, contact) in the log's id column: the same text always
 * gives the same digits. 32-bit FNV-1a folded to 16 bits; different texts may share digits.
 */
export function shortId(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (((hash >>> 16) ^ hash) & 0xffff).toString(16).padStart(4, '0');
}
