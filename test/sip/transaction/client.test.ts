import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRequest } from '../../../src/sip/message/message.ts';
import { Bed, notes, outgoing, reply, start, TCP, viaOf } from './bed.ts';
import { FLOW } from './table.ts';

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
    bed.receive(reply(two.sent, 100));
    bed.receive(reply(two.sent, 200));
    bed.receive(reply(two.sent, 200));
    bed.receive(reply(one.sent, 404));
    assert.deepEqual([one.told, two.told], [[404], [100, 200]]);
    bed.finish();
  });

  it('drop responses whose CSeq method or branch is another', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'OPTIONS');
    const method = reply(sent, 200);
    method.headers.setRaw('CSeq', '7 MESSAGE');
    const branch = reply(sent, 200);
    branch.headers.setRaw('Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother');
    const none = reply(sent, 200);
    none.headers.remove('Via');
    const broken = reply(sent, 200);
    broken.headers.setRaw('CSeq', 'x');
    for (const response of [method, branch, none, broken]) bed.receive(response);
    assert.deepEqual(told, []);
    assert.equal(bed.bugs, 0);
    bed.receive(reply(sent, 200));
    assert.deepEqual(told, [200]);
    bed.finish();
  });

  it('drop a response that came from another address than the request went to', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'MESSAGE');
    bed.receive(reply(sent, 200), { ...FLOW, remote: { address: '192.0.2.66', port: 5060 } });
    assert.deepEqual(told, []);
    bed.receive(reply(sent, 200), { ...FLOW, remote: { ...FLOW.remote, port: 5062 } });
    assert.deepEqual(told, [200]);
    bed.finish();
  });

  it('stop repeating an INVITE at the first provisional response', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(reply(sent, 180));
    bed.takeSent();
    bed.clock.advance(60_000);
    assert.deepEqual(bed.takeSent(), []);
    bed.receive(reply(sent, 200));
    assert.deepEqual(told, [180, 200]);
    bed.finish();
  });

  it('acknowledge a refused INVITE as RFC 3261 §17.1.1.3 says, each time it comes', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(reply(sent, 486, 'refuser'));
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
    bed.receive(reply(sent, 486, 'refuser'));
    assert.equal(bed.last(), ack, 'the same packet');
    bed.clock.advance(31_999);
    bed.receive(reply(sent, 486, 'refuser'));
    assert.deepEqual(bed.takeSent(), ['ACK', 'ACK']);
    assert.deepEqual(told, [486]);
    bed.finish();
  });

  it('send ACK and CANCEL on the flow of their INVITE', () => {
    const bed = new Bed();
    const { sent, transaction } = start(bed, 'INVITE', TCP);
    // A response may come another way.
    bed.receive(reply(sent, 180), FLOW);
    transaction.cancel();
    bed.receive(reply(sent, 487), FLOW);
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
    bed.receive(reply(sent, 200, 'one'));
    bed.receive(reply(sent, 200, 'two'));
    bed.receive(reply(sent, 200, 'one'));
    bed.clock.advance(31_999);
    bed.receive(reply(sent, 200, 'two'));
    assert.deepEqual(told, [200, 200, 200, 200]);
    bed.clock.advance(1);
    bed.receive(reply(sent, 200, 'two'));
    assert.equal(told.length, 4);
    assert.equal(bed.strays.length, 1);
    bed.finish();
  });

  it('report a 2xx to an unknown INVITE and nothing else', () => {
    const bed = new Bed();
    const { sent } = start(bed, 'INVITE');
    bed.layer.close();
    bed.receive(reply(sent, 180));
    bed.receive(reply(sent, 486));
    bed.receive(reply(sent, 200));
    assert.deepEqual(
      bed.strays.map(({ status }) => status),
      [200],
    );
    bed.finish();
  });

  it('report a fork’s 2xx that follows a refusal', () => {
    const bed = new Bed();
    const { told, sent } = start(bed, 'INVITE');
    bed.receive(reply(sent, 486, 'one'));
    bed.receive(reply(sent, 200, 'two'));
    assert.deepEqual(told, [486]);
    assert.equal(bed.strays.length, 1);
    bed.finish();
  });

  it('send the ACK of a 2xx with a branch of its own and no transaction', () => {
    const bed = new Bed();
    const { transaction, sent } = start(bed, 'INVITE');
    bed.receive(reply(sent, 200));
    bed.layer.ack(outgoing('ACK'), FLOW);
    assert.equal(bed.lastRequest().method, 'ACK');
    assert.equal(viaOf(bed.last()).includes(transaction.branch), false);
    bed.wire.onError(new Error('no route'));
    bed.finish();
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
    bed.receive(reply(sent, 486));
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
    bed.receive(reply(sent, 486));
    assert.equal(bed.lastRequest().method, 'ACK');
    bed.receive(reply(other.sent, 200));
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
    bed.receive(reply(bed.lastRequest(), 401));
    bed.receive(reply(bed.lastRequest(), 200));
    assert.deepEqual(told, [200]);
    bed.finish();
  });

  it('are forgotten by close, silently', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    bed.receive(reply(sent, 180));
    transaction.cancel();
    bed.layer.close();
    assert.equal(bed.clock.waiting, 0);
    bed.finish();
    assert.deepEqual(told, [180]);
  });
});
