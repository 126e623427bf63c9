import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isMeant } from '../../src/services/equipment.ts';

const instance = (imei: string) => ({ instance: `urn:gsma:imei:${imei}` });

describe('an identity of several phones with one SIM', () => {
  const rows: readonly (readonly [boolean, string | undefined, string, boolean])[] = [
    [true, '3520990017614812', '35209900-176148-1', true],
    [true, '35209900176148', '35209900-176148-0', true],
    [true, '3520990017614912', '35209900-176148-1', false],
    [true, undefined, '35209900-176148-1', true],
    [false, '3520990017614912', '35209900-176148-1', true],
  ];
  for (const [multiSim, imeisv, imei, meant] of rows) {
    it(`with IMEISV ${imeisv} ${meant ? 'is' : 'is not'} that of ${imei}${multiSim ? '' : ', without multi_sim'}`, () => {
      assert.equal(isMeant({ multiSim }, imeisv === undefined ? {} : { imeisv }, instance(imei)), meant);
    });
  }

  it('is not that of a phone that says no IMEI', () => {
    assert.equal(isMeant({ multiSim: true }, { imeisv: '3520990017614812' }, { instance: undefined }), false);
  });
});
