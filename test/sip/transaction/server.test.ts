import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { responseTo } from '../../../src/sip/message/build.ts';
import { TO, tagOf } from '../../../src/sip/message/header-types.ts';
import type { ServerTransaction } from '../../../src/sip/transaction/user.ts';
import { answer, Bed, incoming, open, TCP } from './bed.ts';
import { FLOW } from './table.ts';

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

describe('a response sent once', () => {
  const challenge = ({ request }: ServerTransaction) => responseTo(request, 407, { toTag: 'b' });

  it('is not repeated by itself, answers repetitions until T4, and its ACK is absorbed', () => {
    for (const method of ['INVITE', 'MESSAGE']) {
      const bed = new Bed();
      const transaction = open(bed, method);
      const told = failures(transaction);
      transaction.respondOnce(challenge(transaction));
      bed.clock.advance(4_999);
      assert.deepEqual(bed.takeSent(), [`407 ${method}`]);
      bed.receive(incoming(method));
      assert.deepEqual(bed.takeSent(), [`407 ${method}`]);
      if (method === 'INVITE') bed.receive(incoming('ACK', { toTag: 'b' }));
      assert.deepEqual(bed.acks, []);
      bed.clock.advance(5_000);
      assert.deepEqual(bed.layer.counts(), { client: 0, server: 0 });
      assert.deepEqual(told, []);
      bed.finish();
    }
  });

  it('is repeated after a provisional one, since the INVITE no longer is', () => {
    const bed = new Bed();
    const transaction = open(bed, 'INVITE');
    answer(transaction, 100);
    transaction.respondOnce(challenge(transaction));
    bed.clock.advance(500);
    assert.deepEqual(bed.takeSent(), ['100 INVITE', '407 INVITE', '407 INVITE']);
    bed.finish();
  });
});

describe('what strangers may have remembered', () => {
  const LONG = 1024 * 1024;

  it('is bounded: the oldest refusals are forgotten early', () => {
    const bed = new Bed();
    bed.onRequest = (transaction) => transaction.respondOnce(responseTo(transaction.request, 403));
    const callId = 'x'.repeat(LONG);
    for (let sent = 0; sent < 100; sent++) bed.receive(incoming('REGISTER', { branch: `z9hG4bK${sent}`, callId }));
    assert.equal(bed.takeSent().length, 100);
    const { server } = bed.layer.counts();
    assert(server > 0 && server < 64, `${server} remembered`);
    bed.finish();
  });

  it('is bounded: requests nobody has answered are dropped beyond it, served again below', () => {
    const bed = new Bed();
    const extra = `X-Long: ${'x'.repeat(60_000)}`;
    for (let sent = 0; sent < 2000; sent++) {
      bed.receive(incoming('MESSAGE', { branch: `z9hG4bK${sent}`, cseq: sent, extra }));
    }
    const taken = bed.requests.length;
    assert(taken > 1000 && taken < 1200, `${taken} taken`);
    for (const transaction of bed.requests.slice(0, 10)) answer(transaction, 200);
    bed.receive(incoming('MESSAGE', { branch: 'z9hG4bKafter', cseq: 5000 }));
    assert.equal(bed.requests.length, taken + 1);
    bed.layer.close();
  });
});
