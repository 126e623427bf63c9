import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { header, makeRequest, responseTo } from '../../../src/sip/message/build.ts';
import { CONTACT, CSEQ, EXPIRES, parseNameAddr, ROUTE, TO, tagOf } from '../../../src/sip/message/header-types.ts';
import { isRequest, printMessage } from '../../../src/sip/message/message.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { type Overrides, passed, request } from '../../support/sip-judge.ts';

const register = (headers: Overrides = {}) => passed(request('REGISTER sip:h SIP/2.0', headers));

describe('responseTo', () => {
  it('carries Via, From, To, Call-ID and CSeq as they stood (RFC 3261 §8.2.6.2)', () => {
    const vias = ['SIP/2.0/UDP a;branch=z9hG4bK1 , SIP/2.0/TCP b', 'SIP/2.0/UDP c'];
    const asked = register({ Via: vias, Timestamp: '54', Subject: 'x' });
    const { status, reason, headers, body } = responseTo(asked, 404);
    assert.deepEqual([status, reason, body.length], [404, 'Not Found', 0]);
    for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
      assert.deepEqual(headers.rawAll(name), asked.headers.rawAll(name), name);
    }
    assert.equal(headers.lines.length, 6);
  });

  it('puts a tag on To unless there is one, or it is a 100', () => {
    const toOf = (to: string, status = 200) =>
      responseTo(register({ To: to }), status, { toTag: 'new' }).headers.get(TO);
    assert.equal(tagOf(toOf('<sip:a@h>')), 'new');
    assert.equal(tagOf(toOf('sip:a@h')), 'new');
    assert.equal(tagOf(toOf('sip:a@h;x; ;')), 'new');
    assert.equal(tagOf(toOf('<sip:a@h>;tag=old')), 'old');
    assert.equal(tagOf(toOf('<sip:a@h>', 100)), undefined);
    assert.equal(
      responseTo(register({ To: 'sip:a@h;x; ;' }), 200, { toTag: 'new' }).headers.raw('To'),
      'sip:a@h;x;tag=new',
    );
    // Tags of the URI are no tags.
    assert.equal(tagOf(toOf('<sip:a@h;tag=uri>')), 'new');
  });

  it('carries Timestamp in a 100', () => {
    assert.equal(responseTo(register({ Timestamp: '54' }), 100).headers.raw('Timestamp'), '54');
    assert.equal(responseTo(register({ Timestamp: '54' }), 200).headers.has('Timestamp'), false);
  });

  it('carries what it is given', () => {
    const body = Buffer.from('x');
    const options = { reason: 'Fine', body, headers: [header(EXPIRES, 60), header(CONTACT, '*')] };
    const response = responseTo(register(), 200, options);
    assert.equal(response.reason, 'Fine');
    assert.equal(response.headers.get(EXPIRES), 60);
    assert.equal(response.headers.get(CONTACT), '*');
    assert.equal(response.body, body);
  });

  it('answers a request that lacks or garbles them', () => {
    const { message } = parseMessage(request('REGISTER sip:h SIP/2.0', { From: undefined, To: '"x', CSeq: 'y' }));
    assert.ok(isRequest(message));
    const printed = printMessage(responseTo(message, 400, { toTag: 't' })).toString();
    assert.match(printed, /^SIP\/2\.0 400 Bad Request\r\nVia: SIP\/2\.0\/UDP 198\.51\.100\.7:5070;/);
    assert.match(printed, /\r\nTo: "x\r\n/);
  });

  it('costs little for a To that is all semicolons', () => {
    const to = `sip:a@h${';'.repeat(60_000)}x`;
    const asked = register({ To: to });
    const before = process.cpuUsage();
    assert.equal(tagOf(responseTo(asked, 200, { toTag: 't' }).headers.get(TO)), 't');
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 200_000, `${user + system} µs`);
  });
});

describe('makeRequest', () => {
  it('has its headers in their order', () => {
    const values = [
      header(ROUTE, parseNameAddr('<sip:a;lr>')),
      header(CSEQ, { number: 1, method: 'NOTIFY' }),
      header(ROUTE, parseNameAddr('<sip:b;lr>')),
    ];
    const printed = printMessage(makeRequest('NOTIFY', 'sip:x@h', values, Buffer.from('hi'))).toString();
    assert.equal(
      printed,
      'NOTIFY sip:x@h SIP/2.0\r\nRoute: <sip:a;lr>\r\nCSeq: 1 NOTIFY\r\nRoute: <sip:b;lr>\r\nContent-Length: 2\r\n\r\nhi',
    );
  });
});
