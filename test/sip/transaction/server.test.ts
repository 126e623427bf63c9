import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { responseTo } from '../../../src/sip/message/build.ts';
import { TO, tagOf } from '../../../src/sip/message/header-types.ts';
import type { ServerTransaction } from '../../../src/sip/transaction/user.ts';
import { Bed, incoming, type RequestParts, TCP } from './bed.ts';
import { FLOW } from './table.ts';

/** Receives a new request and returns its transaction. */
function open(bed: Bed, method: string, parts: RequestParts = {}, flow = FLOW): ServerTransaction {
  bed.receive(incoming(method, parts), flow);
  const transaction = bed.requests.at(-1);
  assert(transaction !== undefined, 'the user was told');
  return transaction;
}

function answer(transaction: ServerTransaction, status: number, toTag = 'b'): void {
  transaction.respond(responseTo(transaction.request, status, { toTag }));
}

/** The failures a transaction tells, as they come. */
function failures(transaction: ServerTransaction): string[] {
  const told: string[] = [];
  transaction.onFailure = (why) => void told.push(why.kind);
  return told;
}

describe('non-INVITE server transactions', () => {
  it('tell the user once and repeat the response to repeated requests for 64·T1', () => {
    const bed = new Bed();
    const transaction = open(bed, 'REGISTER');
    bed.receive(incoming('REGISTER'));
    assert.deepEqual(bed.takeSent(), []);
    answer(transaction, 200);
    const first = bed.last();
    bed.receive(incoming('REGISTER'));
    bed.clock.advance(31_999);
    bed.receive(incoming('REGISTER'));
    assert.equal(bed.last(), first);
    assert.deepEqual(bed.takeSent(), ['200 REGISTER', '200 REGISTER', '200 REGISTER']);
    assert.equal(bed.requests.length, 1);
    bed.finish();
  });

  it('answer before receive() returns when the user does', () => {
    const bed = new Bed();
    bed.onRequest = (transaction) => answer(transaction, 200);
    bed.receive(incoming('MESSAGE'));
    assert.deepEqual(bed.takeSent(), ['200 MESSAGE']);
    bed.finish();
  });

  it('repeat a provisional response too', () => {
    const bed = new Bed();
    const transaction = open(bed, 'REGISTER');
    answer(transaction, 100);
    assert.equal(transaction.answered, false);
    bed.receive(incoming('REGISTER'));
    answer(transaction, 200);
    assert.equal(transaction.answered, true);
    assert.deepEqual(bed.takeSent(), ['100 REGISTER', '100 REGISTER', '200 REGISTER']);
    bed.finish();
  });

  it('end with the final response over TCP', () => {
    const bed = new Bed();
    answer(open(bed, 'REGISTER', {}, TCP), 200);
    assert.deepEqual(bed.layer.counts(), { client: 0, server: 0 });
    bed.finish();
  });

  it('send no second final response', () => {
    const bed = new Bed();
    const transaction = open(bed, 'MESSAGE');
    answer(transaction, 200);
    answer(transaction, 500);
    transaction.repeat();
    assert.deepEqual(bed.takeSent(), ['200 MESSAGE']);
    bed.finish();
  });

  it('tell that the response could not be sent, whatever the transport', () => {
    for (const flow of [FLOW, TCP]) {
      for (const late of [false, true]) {
        const bed = new Bed();
        const transaction = open(bed, 'REGISTER', {}, flow);
        const told = failures(transaction);
        if (!late) bed.wire.failure = new Error('no route');
        answer(transaction, 200);
        if (late) bed.wire.onError(new Error('connection reset'));
        assert.deepEqual(told, ['transport']);
        bed.finish();
      }
    }
  });
});

describe('INVITE server transactions', () => {
  it('say 100 after 200 ms unless the user said something', () => {
    const bed = new Bed();
    open(bed, 'INVITE');
    answer(open(bed, 'INVITE', { branch: 'z9hG4bKtwo', callId: 'c2' }), 180);
    bed.takeSent();
    bed.clock.advance(199);
    assert.deepEqual(bed.takeSent(), []);
    bed.clock.advance(1);
    assert.equal(tagOf(bed.lastResponse().headers.get(TO)), undefined);
    assert.deepEqual(bed.takeSent(), ['100 INVITE']);
    bed.receive(incoming('INVITE'));
    assert.deepEqual(bed.takeSent(), ['100 INVITE']);
    for (const transaction of bed.requests) answer(transaction, 486);
    bed.finish();
  });

  it('repeat a refusal until its ACK, which is absorbed', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    const told = failures(transaction);
    answer(transaction, 486);
    bed.clock.advance(3_500);
    assert.deepEqual(bed.takeSent(), ['486 INVITE', '486 INVITE', '486 INVITE', '486 INVITE']);
    bed.receive(incoming('ACK', { toTag: 'b' }));
    bed.receive(incoming('ACK', { toTag: 'b' }));
    bed.clock.advance(4_999);
    assert.deepEqual(bed.takeSent(), []);
    assert.deepEqual(bed.layer.counts(), { client: 0, server: 1 });
    bed.finish();
    assert.deepEqual(bed.acks, []);
    assert.deepEqual(told, []);
  });

  it('give up on a lost ACK after 64·T1 and say so', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    const told = failures(transaction);
    answer(transaction, 486);
    bed.clock.advance(31_999);
    assert.deepEqual(bed.takeSent().length, 11);
    assert.deepEqual(told, []);
    bed.clock.advance(1);
    assert.deepEqual(told, ['timeout']);
    bed.finish();
    assert.deepEqual(told, ['timeout']);
  });

  it('absorb repeated INVITEs after a 2xx, which the user repeats, and hand its ACKs on', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    answer(transaction, 200);
    bed.receive(incoming('INVITE'));
    assert.deepEqual(bed.takeSent(), ['200 INVITE']);
    transaction.repeat();
    assert.deepEqual(bed.takeSent(), ['200 INVITE']);
    answer(transaction, 486);
    assert.deepEqual(bed.takeSent(), []);
    bed.receive(incoming('ACK', { branch: 'z9hG4bKack', toTag: 'b' }));
    bed.receive(incoming('ACK', { toTag: 'b' }));
    assert.equal(bed.acks.length, 2);
    bed.clock.advance(31_999);
    bed.receive(incoming('INVITE'));
    assert.equal(bed.requests.length, 1);
    bed.finish();
    transaction.repeat();
    assert.deepEqual(bed.takeSent(), []);
  });

  it('drop an ACK that comes before any final response', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    bed.receive(incoming('ACK'));
    assert.deepEqual(bed.acks, []);
    answer(transaction, 200);
    bed.finish();
  });

  it('live on when a response cannot be sent, and say so once', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    const told = failures(transaction);
    bed.wire.failure = new Error('no route');
    answer(transaction, 180);
    answer(transaction, 486);
    bed.clock.advance(5_000);
    assert.deepEqual(told, ['transport']);
    bed.wire.failure = undefined;
    bed.takeSent();
    bed.receive(incoming('INVITE'));
    assert.deepEqual(bed.takeSent(), ['486 INVITE']);
    bed.finish();
  });
});

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
      failures(transaction);
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
    open(bed, 'INVITE');
    bed.receive(incoming('CANCEL', { branch: 'z9hG4bKother' }));
    assert.deepEqual(bed.takeSent(), ['481 CANCEL']);
    bed.receive(incoming('CANCEL', { sentBy: '192.0.2.77:5060' }));
    assert.deepEqual(bed.takeSent(), ['481 CANCEL']);
    assert.equal(bed.requests.length, 1);
    answer(bed.requests[0] as ServerTransaction, 486);
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

describe('a user that throws', () => {
  it('costs that request a 500 and nobody else anything', () => {
    const bed = new Bed();
    const other = open(bed, 'INVITE', { branch: 'z9hG4bKother', callId: 'c2' });
    bed.onRequest = () => {
      throw new Error('bug');
    };
    bed.receive(incoming('MESSAGE'));
    assert.equal(bed.lastResponse().status, 500);
    assert.notEqual(tagOf(bed.lastResponse().headers.get(TO)), undefined);
    assert.equal(bed.bugs, 1);
    bed.takeSent();
    answer(other, 486);
    assert.deepEqual(bed.takeSent(), ['486 INVITE']);
    bed.finish();
  });

  it('keeps its own answer when it had answered', () => {
    const bed = new Bed();
    bed.onRequest = (transaction) => {
      answer(transaction, 404);
      throw new Error('bug');
    };
    bed.receive(incoming('MESSAGE'));
    assert.deepEqual(bed.takeSent(), ['404 MESSAGE']);
    assert.equal(bed.bugs, 1);
    bed.finish();
  });

  it('in onCancel ends the INVITE with 500', () => {
    const bed = new Bed();
    open(bed, 'INVITE').onCancel = () => {
      throw new Error('bug');
    };
    bed.receive(incoming('CANCEL'));
    assert.deepEqual(bed.takeSent(), ['200 CANCEL', '500 INVITE']);
    bed.finish();
  });

  it('in onFailure, onAck or onStrayResponse is noted', () => {
    const bed = new Bed();
    const bug = () => {
      throw new Error('bug');
    };
    bed.user.onAck = bug;
    bed.user.onStrayResponse = bug;
    const transaction = open(bed, 'INVITE');
    transaction.onFailure = bug;
    answer(transaction, 486);
    bed.receive(incoming('ACK', { branch: 'z9hG4bKack' }));
    bed.receive(responseTo(incoming('INVITE', { branch: 'z9hG4bKours' }), 200));
    assert.equal(bed.bugs, 2);
    bed.finish();
    assert.equal(bed.bugs, 3);
  });

  it('leaves the process up when even the 500 cannot be made', () => {
    const bed = new Bed();
    bed.wire.response = () => {
      throw new Error('bug below');
    };
    bed.onRequest = (transaction) => answer(transaction, 200);
    bed.receive(incoming('MESSAGE'));
    assert.equal(bed.bugs, 2);
    bed.layer.close();
    bed.finish();
  });
});
