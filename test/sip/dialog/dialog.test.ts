import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow } from '../../../src/core/flow.ts';
import { Dialog, dialogKey } from '../../../src/sip/dialog/dialog.ts';
import { Dialogs, type DialogUsage } from '../../../src/sip/dialog/dialogs.ts';
import { isRequest, type Request, type Response } from '../../../src/sip/message/message.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';

const FLOW: Flow = {
  transport: 'UDP',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '192.0.2.9', port: 5060 },
};

function message(start: string, lines: { readonly [name: string]: string | readonly string[] }): Request | Response {
  const headers = Object.entries(lines).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
  return parseMessage(Buffer.from(`${[start, ...headers].join('\r\n')}\r\n\r\n`)).message;
}

function request(method: string, lines: { readonly [name: string]: string | readonly string[] } = {}): Request {
  const made = message(`${method} sip:us@ims.test SIP/2.0`, {
    Via: 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1',
    From: '"Al" <sip:alice@ims.test>;tag=theirs',
    To: '<sip:bob@ims.test>',
    'Call-ID': 'c1',
    CSeq: `7 ${method}`,
    Contact: '<sip:alice@192.0.2.9>',
    ...lines,
  });
  assert(isRequest(made));
  return made;
}

function response(status: number, lines: { readonly [name: string]: string | readonly string[] } = {}): Response {
  const made = message(`SIP/2.0 ${status} x`, {
    Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    From: '<sip:alice@ims.test>;tag=ours',
    To: '<sip:bob@ims.test>;tag=theirs',
    'Call-ID': 'c1',
    CSeq: '1 INVITE',
    Contact: '<sip:bob@192.0.2.9:4444>',
    ...lines,
  });
  assert(!isRequest(made));
  return made;
}

const INVITE = request('INVITE', {
  From: '<sip:alice@ims.test>;tag=ours',
  CSeq: '1 INVITE',
  'Record-Route': '<sip:192.0.2.1:5060;lr>',
});

describe('the dialog a request opens (RFC 3261 §12.1.1)', () => {
  const dialog = () =>
    Dialog.fromRequest(
      request('INVITE', { 'Record-Route': ['<sip:near;lr>, <sip:mid;lr>', '<sip:far;lr>'] }),
      'ours',
      FLOW,
    );

  it('is known by Call-ID and both tags', () => {
    assert.equal(dialog().key, dialogKey('c1', 'ours', 'theirs'));
  });

  it('has the routes in their order, the Contact as target, and our own sequence from 1', () => {
    const bye = dialog().request('BYE');
    assert.equal(bye.uri, 'sip:alice@192.0.2.9');
    assert.deepEqual(bye.headers.rawAll('Route'), ['<sip:near;lr>', '<sip:mid;lr>', '<sip:far;lr>']);
    assert.equal(bye.headers.raw('From'), '<sip:bob@ims.test>;tag=ours');
    assert.match(bye.headers.raw('To') ?? '', /<sip:alice@ims\.test>;tag=theirs$/);
    assert.equal(bye.headers.raw('Call-ID'), 'c1');
    assert.equal(bye.headers.raw('CSeq'), '1 BYE');
    assert.equal(bye.headers.raw('Max-Forwards'), '70');
  });

  it('cannot be without a Contact', () => {
    const invite = request('INVITE', { Contact: [] });
    assert.throws(() => Dialog.fromRequest(invite, 'ours', FLOW), { status: 400 });
  });

  it('may be with a peer that knows no tags (RFC 2543)', () => {
    const old = Dialog.fromRequest(request('INVITE', { From: '<sip:alice@ims.test>' }), 'ours', FLOW);
    assert.equal(old.key, dialogKey('c1', 'ours', ''));
  });
});

describe('the dialog a response opens (RFC 3261 §12.1.2)', () => {
  it('has the routes turned round and without ours, and goes on with our sequence', () => {
    const routes = ['<sip:192.0.2.1:5060;lr>', '<sip:near;lr>, <sip:far;lr>'].toReversed();
    const bye = Dialog.fromResponse(INVITE, response(200, { 'Record-Route': routes }), FLOW).request('BYE');
    assert.deepEqual(bye.headers.rawAll('Route'), ['<sip:far;lr>', '<sip:near;lr>']);
    assert.equal(bye.uri, 'sip:bob@192.0.2.9:4444');
    assert.equal(bye.headers.raw('From'), '<sip:alice@ims.test>;tag=ours');
    assert.equal(bye.headers.raw('To'), '<sip:bob@ims.test>;tag=theirs');
    assert.equal(bye.headers.raw('CSeq'), '2 BYE');
  });

  it('uses the Request-URI when there is no Contact, and no routes when they cannot be read', () => {
    const bye = Dialog.fromResponse(INVITE, response(200, { Contact: [], 'Record-Route': '<broken' }), FLOW).request(
      'BYE',
    );
    assert.equal(bye.uri, 'sip:us@ims.test');
    assert.equal(bye.headers.has('Route'), false);
  });

  it('may be without a tag (RFC 3261 §12.1.2)', () => {
    const dialog = Dialog.fromResponse(INVITE, response(200, { To: '<sip:bob@ims.test>' }), FLOW);
    assert.equal(dialog.key, dialogKey('c1', 'ours', ''));
  });
});

describe('inside a dialog', () => {
  const dialog = () => Dialog.fromRequest(request('INVITE'), 'ours', FLOW);

  it('the ACK has the number of its INVITE and takes none (§13.2.2.4)', () => {
    const one = dialog();
    const invite = one.request('INVITE');
    assert.equal(invite.headers.raw('CSeq'), '1 INVITE');
    assert.equal(one.ack(1).headers.raw('CSeq'), '1 ACK');
    assert.equal(one.localSequence, 1);
  });

  it('sequence numbers rise (§12.2.2)', () => {
    const one = dialog();
    assert.throws(() => one.accept(request('BYE', { CSeq: '7 BYE' })), { status: 500 });
    assert.throws(() => one.accept(request('BYE', { CSeq: '6 BYE' })), { status: 500 });
    one.accept(request('INFO', { CSeq: '20 INFO' }));
    assert.throws(() => one.accept(request('BYE', { CSeq: '19 BYE' })), { status: 500 });
    one.accept(request('BYE', { CSeq: '21 BYE' }));
  });

  it('ACK and CANCEL have the number of another request', () => {
    const one = dialog();
    one.accept(request('ACK', { CSeq: '7 ACK' }));
    one.accept(request('CANCEL', { CSeq: '7 CANCEL' }));
    one.accept(request('BYE', { CSeq: '8 BYE' }));
  });

  it('any number is the first of a peer that has sent none', () => {
    const one = Dialog.fromResponse(INVITE, response(200), FLOW);
    one.accept(request('BYE', { CSeq: '0 BYE' }));
    assert.throws(() => one.accept(request('BYE', { CSeq: '0 BYE' })), { status: 500 });
  });

  it('a Contact moves the target, none leaves it (§12.2)', () => {
    const one = dialog();
    one.refreshTarget(request('INVITE', { Contact: '<sip:alice@192.0.2.10>' }));
    one.refreshTarget(response(200, { Contact: [] }));
    assert.equal(one.remoteTarget, 'sip:alice@192.0.2.10');
  });

  it('a strict router gets the Request-URI, and the target goes last (§12.2.1.1)', () => {
    const routes = ['<sip:strict.test>', '<sip:loose.test;lr>'];
    const bye = Dialog.fromRequest(request('INVITE', { 'Record-Route': routes }), 'ours', FLOW).request('BYE');
    assert.equal(bye.uri, 'sip:strict.test');
    assert.deepEqual(bye.headers.rawAll('Route'), ['<sip:loose.test;lr>', '<sip:alice@192.0.2.9>']);
  });
});

describe('the table of dialogs', () => {
  const usage: DialogUsage = { impi: 'alice', flow: FLOW, onRequest() {} };

  it('finds who a request is for by its tags', () => {
    const dialogs = new Dialogs();
    const dialog = Dialog.fromRequest(request('INVITE'), 'ours', FLOW);
    dialogs.add(dialog, usage);
    const bye = request('BYE', { To: '<sip:bob@ims.test>;tag=ours' });
    assert.equal(dialogs.find(bye), usage);
    assert.equal(dialogs.find(request('BYE')), undefined);
    assert.equal(dialogs.find(request('BYE', { To: '<sip:bob@ims.test>;tag=other' })), undefined);
    assert.equal(
      dialogs.find(request('BYE', { To: '<sip:bob@ims.test>;tag=ours', From: '<sip:x@y>;tag=z' })),
      undefined,
    );
    dialogs.remove(dialog);
    assert.equal(dialogs.find(bye), undefined);
    assert.equal(dialogs.size, 0);
  });
});
