import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Headers } from '../../../src/sip/message/headers.ts';
import { headerText, isRequest, printMessage, readableText, startLine } from '../../../src/sip/message/message.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { VOLTE_INVITE, VOLTE_REGISTER, VOLTE_RINGING } from '../../support/sip-samples.ts';

describe('printMessage', () => {
  for (const [name, sample] of Object.entries({ VOLTE_INVITE, VOLTE_REGISTER, VOLTE_RINGING })) {
    it(`gives ${name} back octet by octet`, () => {
      const printed = printMessage(parseMessage(sample).message).toString('latin1');
      // Content-Length is always the last line; the samples have it last, too.
      assert.equal(printed, sample.toString('latin1'));
    });
  }

  it('tells the length of the body there is', () => {
    const headers = new Headers().addRaw('l', '99').addRaw('Content-Length', '98').addRaw('A', 'b');
    const body = Buffer.from([0, 13, 10, 255]);
    const octets = printMessage({ method: 'MESSAGE', uri: 'sip:a@h', headers, body });
    assert.equal(octets.toString('latin1'), 'MESSAGE sip:a@h SIP/2.0\r\nA: b\r\nContent-Length: 4\r\n\r\n\0\r\n\u00ff');
  });

  it('lets no reason phrase or Request-URI begin a header', () => {
    const message = { status: 400, reason: 'Bad\r\nEvil: 1', headers: new Headers(), body: Buffer.alloc(0) };
    assert.equal(printMessage(message).toString(), 'SIP/2.0 400 Bad Evil: 1\r\nContent-Length: 0\r\n\r\n');
  });
});

describe('startLine', () => {
  it('is that of the kind of message', () => {
    const { message } = parseMessage(VOLTE_RINGING);
    assert.equal(isRequest(message), false);
    assert.equal(startLine(message), 'SIP/2.0 180 Ringing');
    assert.match(startLine(parseMessage(VOLTE_REGISTER).message), /^REGISTER sip:ims\.\S+ SIP\/2\.0$/);
  });
});

describe('headerText', () => {
  it('is undone by readableText', () => {
    assert.equal(headerText('é'), '\u00c3\u00a9');
    assert.equal(readableText(headerText('Zoë Жук')), 'Zoë Жук');
  });
});
