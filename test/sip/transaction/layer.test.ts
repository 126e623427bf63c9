import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TO, tagOf } from '../../../src/sip/message/header-types.ts';
import { answer, Bed, incoming, open } from './bed.ts';
import { FLOW } from './table.ts';

describe('a received CANCEL', () => {
  it('is answered 200 with the INVITE’s To tag and told to the user, once', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    const cancels: string[] = [];
    transaction.onCancel = (cancel) => {
      cancels.push(cancel.headers.raw('Reason') ?? '');
      answer(transaction, 487);
    };
    answer(transaction, 180, 'callee');
    bed.takeSent();
    const cancel = incoming('CANCEL', { extra: 'Reason: SIP;cause=200' });
    bed.receive(cancel);
    const [first] = bed.wire.sent;
    assert.equal(first && tagOf(first.message.headers.get(TO)), 'callee');
    assert.deepEqual(bed.takeSent(), ['200 CANCEL', '487 INVITE']);
    bed.receive(cancel);
    assert.deepEqual(bed.takeSent(), ['200 CANCEL']);
    bed.receive(incoming('ACK', { toTag: 'callee' }));
    assert.deepEqual(cancels, ['SIP;cause=200']);
    bed.finish();
  });

  it('is answered 200 and changes nothing after the final response', () => {
    for (const status of [200, 486]) {
      const bed = new Bed();
      const transaction = open(bed, 'INVITE');
      let cancelled = false;
      transaction.onCancel = () => {
        cancelled = true;
      };
      transaction.onFailure = () => {};
      answer(transaction, status);
      bed.takeSent();
      bed.receive(incoming('CANCEL'));
      assert.deepEqual(bed.takeSent(), ['200 CANCEL']);
      assert.equal(cancelled, false);
      bed.finish();
    }
  });

  it('is answered 481 when it matches nothing, and never reaches the user', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    bed.receive(incoming('CANCEL', { branch: 'z9hG4bKother' }));
    assert.deepEqual(bed.takeSent(), ['481 CANCEL']);
    bed.receive(incoming('CANCEL', { sentBy: '192.0.2.77:5060' }));
    assert.deepEqual(bed.takeSent(), ['481 CANCEL']);
    assert.equal(bed.requests.length, 1);
    answer(transaction, 486);
    bed.finish();
  });

  it('of a third party is answered 481 and does not keep the caller from cancelling', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    let cancelled = 0;
    transaction.onCancel = () => cancelled++;
    bed.receive(incoming('CANCEL'), { ...FLOW, remote: { address: '192.0.2.66', port: 5060 } });
    for (const other of [{ callId: 'c2' }, { fromTag: 'g' }, { cseq: 2 }]) bed.receive(incoming('CANCEL', other));
    assert.deepEqual(bed.takeSent(), Array(4).fill('481 CANCEL'));
    assert.equal(cancelled, 0);
    bed.receive(incoming('CANCEL'), { ...FLOW, transport: 'TCP', remote: { ...FLOW.remote, port: 40_000 } });
    assert.deepEqual(bed.takeSent(), ['200 CANCEL']);
    assert.equal(cancelled, 1);
    answer(transaction, 487);
    bed.finish();
  });
});

describe('a merged request (RFC 3261 §8.2.2.2)', () => {
  it('is refused with 482; its first copy goes on', () => {
    const bed = new Bed();
    const first = open(bed, 'INVITE');
    bed.receive(incoming('INVITE', { branch: 'z9hG4bKtwo' }));
    assert.equal(bed.requests.length, 1);
    assert.deepEqual(bed.takeSent(), ['482 INVITE']);
    bed.receive(incoming('ACK', { branch: 'z9hG4bKtwo', toTag: 'x' }));
    assert.deepEqual(bed.acks, []);
    answer(first, 200);
    assert.deepEqual(bed.takeSent(), ['200 INVITE']);
    bed.clock.advance(10_000);
    bed.receive(incoming('INVITE', { branch: 'z9hG4bKthree' }));
    assert.deepEqual(bed.takeSent().slice(0, 1), ['482 INVITE']);
    bed.finish();
    open(bed, 'INVITE', { branch: 'z9hG4bKfour' });
    assert.equal(bed.requests.length, 2);
  });

  it('is told from one with another CSeq, method, From tag or Call-ID, or inside a dialog', () => {
    const bed = new Bed();
    bed.onRequest = (transaction) => answer(transaction, 200);
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bK0' }));
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bK1', cseq: 2 }));
    bed.receive(incoming('OPTIONS', { branch: 'z9hG4bK2' }));
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bK3', fromTag: 'g' }));
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bK4', callId: 'c2' }));
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bK5', toTag: 't' }));
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bK6', toTag: 't' }));
    assert.equal(bed.requests.length, 7);
    bed.finish();
  });
});

describe('matching requests (RFC 3261 §17.2.3)', () => {
  it('tells equal branches of different senders and methods apart', () => {
    const bed = new Bed();
    bed.onRequest = (transaction) => answer(transaction, 200);
    bed.receive(incoming('MESSAGE', { callId: 'a' }));
    bed.receive(incoming('MESSAGE', { callId: 'b', sentBy: '192.0.2.10:5060' }));
    bed.receive(incoming('MESSAGE', { callId: 'c', sentBy: '192.0.2.9:5070' }));
    bed.receive(incoming('OPTIONS', { callId: 'd' }));
    // The default port, left out.
    bed.receive(incoming('OPTIONS', { callId: 'd', sentBy: '192.0.2.9' }));
    assert.equal(bed.lastResponse().status, 200, 'the same transaction, not a merged request');
    assert.equal(bed.requests.length, 4);
    bed.finish();
  });

  for (const branch of ['', 'old', 'z9hG4bK']) {
    it(`follows an RFC 2543 peer whose branch is "${branch}"`, () => {
      const bed = new Bed();
      const transaction = open(bed, 'INVITE', { branch });
      bed.receive(incoming('INVITE', { branch }));
      assert.equal(bed.requests.length, 1);
      let cancelled = 0;
      transaction.onCancel = () => cancelled++;
      bed.receive(incoming('CANCEL', { branch }));
      assert.equal(cancelled, 1);
      answer(transaction, 487, 'ours');
      bed.takeSent();
      bed.receive(incoming('ACK', { branch, toTag: 'other' }));
      assert.equal(bed.acks.length, 1, 'an ACK with another To tag is another’s');
      bed.receive(incoming('ACK', { branch, toTag: 'ours' }));
      assert.equal(bed.acks.length, 1);
      bed.clock.advance(4_000);
      assert.deepEqual(bed.takeSent(), []);
      // The next request of the same peer is new.
      bed.onRequest = (next) => answer(next, 200);
      bed.receive(incoming('INVITE', { branch, cseq: 2, toTag: 'ours' }));
      bed.receive(incoming('ACK', { branch, cseq: 2, toTag: 'ours' }));
      assert.equal(bed.requests.length, 2);
      assert.equal(bed.acks.length, 2);
      bed.finish();
    });
  }

  it('drops what has no Via or a malformed header it needs', () => {
    const bed = new Bed();
    const bare = incoming('OPTIONS');
    bare.headers.remove('Via');
    const broken = incoming('OPTIONS');
    broken.headers.setRaw('To', '<sip:a');
    bed.receive(bare);
    bed.receive(broken);
    assert.deepEqual(bed.requests, []);
    assert.equal(bed.bugs, 0);
    bed.finish();
  });
});
