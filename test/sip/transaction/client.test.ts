import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { responseTo } from '../../../src/sip/message/build.ts';
import { isRequest, type Request, type Response } from '../../../src/sip/message/message.ts';
import { Bed, notes, outgoing, TCP, viaOf } from './bed.ts';
import { FLOW } from './table.ts';

/** Sends a request and returns it as it left, with its Via. */
function start(bed: Bed, method: string, flow = FLOW) {
  const { told, handlers } = notes();
  const transaction = bed.layer.request(outgoing(method), flow, handlers);
  return { told, transaction, sent: bed.lastRequest() };
}

function answer(sent: Request, status: number, toTag = 'b'): Response {
  return responseTo(sent, status, { toTag });
}

describe('client transactions', () => {
  it('repeat a non-INVITE request until 64·T1 and then fail', () => {
    const bed = new Bed();
    const { told } = start(bed, 'OPTIONS');
    const at: number[] = [];
    for (let ms = 0; ms < 40_000; ms += 100) {
      at.push(...bed.takeSent().map(() => ms));
      bed.clock.advance(100);
    }
    assert.deepEqual(at, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert.deepEqual(told, ['timeout']);
    bed.finish();
  });

  it('repeat an INVITE with doubling intervals, the same packet each time', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.clock.advance(31_999);
    assert.equal(bed.wire.sent.length, 7);
    for (const { message } of bed.wire.sent) assert.equal(message, sent);
    assert.deepEqual(told, []);
    bed.clock.advance(1);
    assert.deepEqual(told, ['timeout']);
    bed.finish();
  });

  it('send once over TCP', () => {
    const bed = new Bed();
    const { told } = start(bed, 'INVITE', TCP);
    start(bed, 'MESSAGE', TCP);
    bed.clock.advance(31_999);
    assert.deepEqual(bed.takeSent(), ['INVITE', 'MESSAGE']);
    bed.finish();
    assert.deepEqual(told, ['timeout']);
  });

  it('give each request a branch of its own with the magic cookie', () => {
    const bed = new Bed();
    const one = start(bed, 'OPTIONS').transaction.branch;
    const two = start(bed, 'OPTIONS').transaction.branch;
    assert.match(one, /^z9hG4bK[0-9a-f]{24}$/);
    assert.notEqual(one, two);
    assert.match(viaOf(bed.last()), new RegExp(`;branch=${two};`));
  });

  it('hand responses to the request they answer, once', () => {
    const bed = new Bed();
    const one = start(bed, 'OPTIONS');
    const two = start(bed, 'OPTIONS');
    bed.receive(answer(two.sent, 100));
    bed.receive(answer(two.sent, 200));
    bed.receive(answer(two.sent, 200));
    bed.receive(answer(one.sent, 404));
    assert.deepEqual([one.told, two.told], [[404], [100, 200]]);
    bed.finish();
  });

  it('drop responses whose CSeq method or branch is another', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'OPTIONS');
    const method = answer(sent, 200);
    method.headers.setRaw('CSeq', '7 MESSAGE');
    const branch = answer(sent, 200);
    branch.headers.setRaw('Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother');
    const none = answer(sent, 200);
    none.headers.remove('Via');
    const broken = answer(sent, 200);
    broken.headers.setRaw('CSeq', 'x');
    for (const response of [method, branch, none, broken]) bed.receive(response);
    assert.deepEqual(told, []);
    assert.equal(bed.bugs, 0);
    bed.receive(answer(sent, 200));
    assert.deepEqual(told, [200]);
    bed.finish();
  });

  it('stop repeating an INVITE at the first provisional response', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(answer(sent, 180));
    bed.takeSent();
    bed.clock.advance(60_000);
    assert.deepEqual(bed.takeSent(), []);
    bed.receive(answer(sent, 200));
    assert.deepEqual(told, [180, 200]);
    bed.finish();
  });

  it('acknowledge a refused INVITE as RFC 3261 §17.1.1.3 says, each time it comes', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(answer(sent, 486, 'refuser'));
    const ack = bed.lastRequest();
    assert.equal(ack.method, 'ACK');
    assert.equal(ack.uri, sent.uri);
    assert.equal(viaOf(ack), viaOf(sent));
    assert.equal(ack.headers.rawAll('Via').length, 1);
    assert.deepEqual(ack.headers.rawAll('Route'), sent.headers.rawAll('Route'));
    assert.equal(ack.headers.raw('From'), sent.headers.raw('From'));
    assert.equal(ack.headers.raw('To'), '<sip:bob@ims.test>;tag=refuser');
    assert.equal(ack.headers.raw('Call-ID'), 'ours');
    assert.equal(ack.headers.raw('CSeq'), '7 ACK');
    assert.equal(ack.headers.has('Require'), false);
    bed.takeSent();
    bed.receive(answer(sent, 486, 'refuser'));
    assert.equal(bed.last(), ack, 'the same packet');
    bed.clock.advance(31_999);
    bed.receive(answer(sent, 486, 'refuser'));
    assert.deepEqual(bed.takeSent(), ['ACK', 'ACK']);
    assert.deepEqual(told, [486]);
    bed.finish();
  });

  it('send ACK and CANCEL on the flow of their INVITE', () => {
    const bed = new Bed();
    const { sent, transaction } = start(bed, 'INVITE', TCP);
    // A response may come another way.
    bed.receive(answer(sent, 180), FLOW);
    transaction.cancel();
    bed.receive(answer(sent, 487), FLOW);
    assert.deepEqual(
      bed.wire.sent.map(({ message, flow }) => [isRequest(message) && message.method, flow]),
      [
        ['INVITE', TCP],
        ['CANCEL', TCP],
        ['ACK', TCP],
      ],
    );
    bed.finish();
  });

  it('hand on the 2xx of every fork and its repetitions for 64·T1, later ones as strays', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(answer(sent, 200, 'one'));
    bed.receive(answer(sent, 200, 'two'));
    bed.receive(answer(sent, 200, 'one'));
    bed.clock.advance(31_999);
    bed.receive(answer(sent, 200, 'two'));
    assert.deepEqual(told, [200, 200, 200, 200]);
    bed.clock.advance(1);
    bed.receive(answer(sent, 200, 'two'));
    assert.equal(told.length, 4);
    assert.equal(bed.strays.length, 1);
    bed.finish();
  });

  it('report a 2xx to an unknown INVITE and nothing else', () => {
    const bed = new Bed();
    const { sent } = start(bed, 'INVITE');
    bed.layer.close();
    bed.receive(answer(sent, 180));
    bed.receive(answer(sent, 486));
    bed.receive(answer(sent, 200));
    assert.deepEqual(
      bed.strays.map(({ status }) => status),
      [200],
    );
    bed.finish();
  });

  it('report a fork’s 2xx that follows a refusal', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(answer(sent, 486, 'one'));
    bed.receive(answer(sent, 200, 'two'));
    assert.deepEqual(told, [486]);
    assert.equal(bed.strays.length, 1);
    bed.finish();
  });

  it('send the ACK of a 2xx with a branch of its own and no transaction', () => {
    const bed = new Bed();
    const { transaction, sent } = start(bed, 'INVITE');
    bed.receive(answer(sent, 200));
    bed.layer.ack(outgoing('ACK'), FLOW);
    assert.equal(bed.lastRequest().method, 'ACK');
    assert.equal(viaOf(bed.last()).includes(transaction.branch), false);
    bed.wire.onError(new Error('no route'));
    bed.finish();
  });
});

describe('cancelling an INVITE', () => {
  it('waits for a provisional response and is made as RFC 3261 §9.1 says', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    transaction.cancel('SIP;cause=200;text="Call completed elsewhere"');
    bed.clock.advance(100);
    assert.deepEqual(bed.takeSent(), ['INVITE']);
    bed.receive(answer(sent, 100));
    const cancel = bed.lastRequest();
    assert.equal(cancel.method, 'CANCEL');
    assert.equal(cancel.uri, sent.uri);
    assert.deepEqual(cancel.headers.rawAll('Via'), [viaOf(sent)]);
    for (const name of ['From', 'To', 'Call-ID']) assert.equal(cancel.headers.raw(name), sent.headers.raw(name));
    assert.deepEqual(cancel.headers.rawAll('Route'), sent.headers.rawAll('Route'));
    assert.equal(cancel.headers.raw('CSeq'), '7 CANCEL');
    assert.equal(cancel.headers.has('Require'), false);
    assert.equal(cancel.headers.raw('Reason'), 'SIP;cause=200;text="Call completed elsewhere"');
    bed.takeSent();
    bed.receive(answer(cancel, 200));
    bed.receive(answer(sent, 487));
    assert.deepEqual(bed.takeSent(), ['ACK']);
    assert.deepEqual(told, [100, 487]);
    bed.finish();
  });

  it('still hands on a 200 that crossed the CANCEL', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    bed.receive(answer(sent, 180));
    transaction.cancel();
    const cancel = bed.lastRequest();
    bed.receive(answer(sent, 200));
    bed.receive(answer(cancel, 200));
    bed.takeSent();
    bed.clock.advance(31_000);
    assert.deepEqual(told, [180, 200]);
    assert.deepEqual(bed.takeSent(), []);
    bed.finish();
  });

  it('is repeated until answered and ends the INVITE after 64·T1 without a final response', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    bed.receive(answer(sent, 180));
    transaction.cancel();
    transaction.cancel();
    const cancel = bed.lastRequest();
    bed.takeSent();
    bed.clock.advance(500);
    assert.deepEqual(bed.takeSent(), ['CANCEL']);
    bed.receive(answer(cancel, 200));
    bed.clock.advance(31_499);
    assert.deepEqual(bed.takeSent(), []);
    assert.deepEqual(told, [180]);
    bed.clock.advance(1);
    assert.deepEqual(told, [180, 'timeout']);
    bed.finish();
  });

  it('does nothing after a final response or for another method', () => {
    const bed = new Bed();
    const invite = start(bed, 'INVITE');
    bed.receive(answer(invite.sent, 200));
    invite.transaction.cancel();
    const options = start(bed, 'OPTIONS');
    bed.receive(answer(options.sent, 100));
    options.transaction.cancel();
    assert.deepEqual(bed.takeSent(), ['INVITE', 'OPTIONS']);
    bed.finish();
  });

  it('ends by timer B when the peer never says anything', () => {
    const bed = new Bed();
    const { told, transaction } = start(bed, 'INVITE');
    transaction.cancel();
    bed.finish();
    assert.deepEqual(told, ['timeout']);
    assert.equal(new Set(bed.takeSent()).size, 1);
  });
});

describe('client transactions in trouble', () => {
  it('fail when the transport does, after request() has returned', () => {
    const bed = new Bed();
    bed.wire.failure = new Error('no route');
    for (const method of ['INVITE', 'OPTIONS']) {
      const { told } = start(bed, method);
      assert.deepEqual(told, []);
      bed.clock.advance(0);
      assert.deepEqual(told, ['transport']);
    }
    assert.deepEqual(bed.layer.counts(), { client: 0, server: 0 });
    bed.finish();
  });

  it('fail when the transport says so later', () => {
    const bed = new Bed();
    const { told } = start(bed, 'OPTIONS', TCP);
    bed.wire.onError(new Error('connection reset'));
    bed.wire.onError(new Error('connection reset'));
    assert.deepEqual(told, ['transport']);
    bed.finish();
  });

  it('tell no failure after the final response when its ACK cannot be sent', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.wire.failure = new Error('no route');
    bed.receive(answer(sent, 486));
    assert.deepEqual(told, [486]);
    bed.finish();
    assert.deepEqual(told, [486]);
  });

  it('survive handlers that throw', () => {
    const bed = new Bed();
    const broken = {
      onResponse() {
        throw new Error('bug');
      },
      onFailure() {
        throw new Error('bug');
      },
    };
    bed.layer.request(outgoing('INVITE'), FLOW, broken);
    const sent = bed.lastRequest();
    bed.layer.request(outgoing('OPTIONS'), FLOW, broken);
    const other = start(bed, 'OPTIONS');
    bed.receive(answer(sent, 486));
    assert.equal(bed.lastRequest().method, 'ACK');
    bed.receive(answer(other.sent, 200));
    assert.deepEqual(other.told, [200]);
    bed.finish();
    assert.equal(bed.bugs, 2);
  });

  it('may send the next request from a handler', () => {
    const bed = new Bed();
    const { told, handlers } = notes();
    bed.layer.request(outgoing('REGISTER'), FLOW, {
      onResponse: () => void bed.layer.request(outgoing('REGISTER'), FLOW, handlers),
      onFailure() {},
    });
    bed.receive(answer(bed.lastRequest(), 401));
    bed.receive(answer(bed.lastRequest(), 200));
    assert.deepEqual(told, [200]);
    bed.finish();
  });

  it('are forgotten by close, silently', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    bed.receive(answer(sent, 180));
    transaction.cancel();
    bed.layer.close();
    assert.equal(bed.clock.waiting, 0);
    bed.finish();
    assert.deepEqual(told, [180]);
  });
});
