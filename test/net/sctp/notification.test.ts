import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readNotification } from '../../../src/net/sctp/notification.ts';

/** struct sctp_assoc_change. */
function change(state: number, length = 20, stated = length): Buffer {
  const octets = Buffer.alloc(length);
  octets.writeUInt16LE(0x8001, 0);
  octets.writeUInt32LE(stated, 4);
  octets.writeUInt16LE(state, 8);
  return octets;
}

describe('notifications of the kernel', () => {
  it('are told from each other', () => {
    const names = [0, 1, 2, 3, 4].map((state) => readNotification(change(state)));
    assert.deepEqual(names, ['other', 'other', 'restarted', 'ended', 'other']);
    assert.equal(readNotification(change(2, 28)), 'restarted');
  });

  it('are told from messages', () => {
    const messages = [
      change(2, 20, 21),
      change(2).subarray(0, 19),
      Buffer.alloc(0),
      // Diameter, version 1, and an SGsAP-PAGING-REQUEST.
      Buffer.from(`01000014${'00'.repeat(16)}`, 'hex'),
      Buffer.from('010108193254769810325402290376', 'hex'),
    ];
    for (const message of messages) assert.equal(readNotification(message), undefined);
  });
});
