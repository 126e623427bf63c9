import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accessNetworkInfo } from '../../src/diameter/access-network.ts';
import { readAvps } from '../../src/diameter/avp.ts';
import * as wire from '../support/diameter/wire.ts';

const info = (...avps: Buffer[]) => accessNetworkInfo(readAvps(Buffer.concat(avps)));
const rat = (number: number) => wire.tgpp(1032, number, 0);
const location = (hex: string) => wire.tgpp(22, Buffer.from(hex, 'hex'));

describe('P-Access-Network-Info of what the PCRF says', () => {
  for (const [what, avps, wanted] of [
    [
      'a cell of E-UTRAN with its tracking area',
      [rat(1004), location('8213f184123413f18400abcdef')],
      '3GPP-E-UTRAN;utran-cell-id-3gpp=3114812340abcdef;network-provided',
    ],
    ['an access without a cell', [rat(0)], 'IEEE-802.11;network-provided'],
    ['a cell without the access', [location('0013f18400170042')], '3GPP-GERAN;cgi-3gpp=3114800170042;network-provided'],
    ['a location that is cut short', [rat(1004), location('8213f1')], '3GPP-E-UTRAN;network-provided'],
    ['nothing', [], undefined],
    ['an access nobody knows', [rat(4711)], undefined],
  ] as const) {
    it(what, () => {
      assert.equal(info(...avps), wanted);
    });
  }
});
