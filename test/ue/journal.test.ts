import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noTap } from '../../src/core/tap.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { Journal } from '../../src/ue/journal.ts';
import { Patience } from '../../src/ue/patience.ts';
import { FakeClock } from '../support/fake-clock.ts';

function open() {
  const clock = new FakeClock();
  const journal = new Journal(new Patience(clock, 5000), noTap);
  const come = (startLine: string, cseq: string, dir: 'FROM' | 'TO' = 'FROM') => {
    const octets = Buffer.from(`${startLine}\r\nCSeq: ${cseq}\r\nContent-Length: 0\r\n\r\n`);
    const { message } = parseMessage(octets);
    const end = { address: '127.0.0.1', port: 5060 };
    journal.message({ protocol: 'SIP', transport: 'UDP', dir, local: end, remote: end, summary: '', octets, message });
  };
  return { clock, journal, come };
}

describe('the journal', () => {
  it('gives each received message once, whether it came before or comes after', async () => {
    const { journal, come } = open();
    come('NOTIFY sip:a SIP/2.0', '1 NOTIFY');
    come('NOTIFY sip:a SIP/2.0', '1 NOTIFY', 'TO');
    assert.equal((await journal.expectRequest('NOTIFY')).uri, 'sip:a');
    const next = journal.expectRequest('NOTIFY');
    come('SIP/2.0 200 OK', '1 REGISTER');
    come('NOTIFY sip:b SIP/2.0', '2 NOTIFY');
    assert.equal((await next).uri, 'sip:b');
    assert.equal((await journal.expectResponse(200, 'REGISTER')).status, 200);
    assert.equal(journal.received.length, 3);
    assert.equal(journal.sent.length, 1);
  });

  it('says what came instead when the message does not come', async () => {
    const { clock, journal, come } = open();
    const next = journal.expectRequest('BYE');
    come('SIP/2.0 486 Busy Here', '1 INVITE');
    come('NOTIFY sip:a SIP/2.0', '1 NOTIFY');
    clock.advance(5000);
    await assert.rejects(
      next,
      /a request BYE did not come; came instead: 486 Busy Here to INVITE, NOTIFY sip:a SIP\/2.0/,
    );
    come('BYE sip:a SIP/2.0', '2 BYE');
    assert.equal((await journal.expectRequest('BYE')).method, 'BYE');
  });

  it('forgets what came so far', async () => {
    const { clock, journal, come } = open();
    come('BYE sip:a SIP/2.0', '2 BYE');
    journal.forget();
    const next = journal.expectRequest('BYE');
    clock.advance(5000);
    await assert.rejects(next, /nothing came/);
  });

  it('leaves no timer behind', async () => {
    const { clock, journal, come } = open();
    const next = journal.expectRequest('BYE');
    come('BYE sip:a SIP/2.0', '2 BYE');
    await next;
    assert.equal(clock.waiting, 0);
  });
});
