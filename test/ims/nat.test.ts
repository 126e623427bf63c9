import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow } from '../../src/core/flow.ts';
import { translatedAddress } from '../../src/ims/nat.ts';
import type { Request } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';

const cases: readonly (readonly [sentBy: string, source: string, inside: string | undefined])[] = [
  ['10.0.0.7:5060', '10.0.0.7', undefined],
  ['10.0.0.7', '192.0.2.1', '10.0.0.7'],
  ['[2001:db8:0::7]:5060', '2001:db8::7', undefined],
  ['[2001:db8::7]', '2001:db8::8', '2001:db8::7'],
  ['phone.example', '192.0.2.1', undefined],
];

describe('a sender whose packets come from another address than it says it has', () => {
  for (const [sentBy, address, inside] of cases) {
    it(`${sentBy} from ${address}: ${inside ?? 'nothing in between'}`, () => {
      const text = `REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP ${sentBy};branch=z9hG4bKx\r\n\r\n`;
      const request = parseMessage(Buffer.from(text)).message as Request;
      const flow: Flow = {
        transport: 'UDP',
        local: { address: '192.0.2.9', port: 5060 },
        remote: { address, port: 1 },
      };
      assert.equal(translatedAddress(request, flow), inside);
    });
  }
});
