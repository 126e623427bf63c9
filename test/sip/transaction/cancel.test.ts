import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bed, reply, start, viaOf } from './bed.ts';

describe('cancelling an INVITE', () => {
  it('waits for a provisional response and is made as RFC 3261 §9.1 says', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    transaction.cancel('SIP;cause=200;text="Call completed elsewhere"');
    bed.clock.advance(100);
    assert.deepEqual(bed.takeSent(), ['INVITE']);
    bed.receive(reply(sent, 100));
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
    bed.receive(reply(cancel, 200));
    bed.receive(reply(sent, 487));
    assert.deepEqual(bed.takeSent(), ['ACK']);
    assert.deepEqual(told, [100, 487]);
    bed.finish();
  });

  it('still hands on a 200 that crossed the CANCEL', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    bed.receive(reply(sent, 180));
    transaction.cancel();
    const cancel = bed.lastRequest();
    bed.receive(reply(sent, 200));
    bed.receive(reply(cancel, 200));
    bed.takeSent();
    bed.clock.advance(31_000);
    assert.deepEqual(told, [180, 200]);
    assert.deepEqual(bed.takeSent(), []);
    bed.finish();
  });

  it('is repeated until answered and ends the INVITE after 64·T1 without a final response', () => {
    const bed = new Bed();
    const { told, sent, transaction } = start(bed, 'INVITE');
    bed.receive(reply(sent, 180));
    transaction.cancel();
    transaction.cancel();
    const cancel = bed.lastRequest();
    bed.takeSent();
    bed.clock.advance(500);
    assert.deepEqual(bed.takeSent(), ['CANCEL']);
    bed.receive(reply(cancel, 200));
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
    bed.receive(reply(invite.sent, 200));
    invite.transaction.cancel();
    const options = start(bed, 'OPTIONS');
    bed.receive(reply(options.sent, 100));
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
