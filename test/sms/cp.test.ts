import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../src/core/errors.ts';
import { CpFault, type CpMessage, parseCp, printCp } from '../../src/sms/cp.ts';
import { CP_CAUSE, describeCpCause } from '../../src/sms/cp-causes.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

const ROWS: readonly (readonly [string, CpMessage])[] = [
  ['0901020305', { transaction: { byOriginator: true, value: 0 }, type: 'data', userData: octets('0305') }],
  ['c90103020304', { transaction: { byOriginator: false, value: 4 }, type: 'data', userData: octets('020304') }],
  ['e904', { transaction: { byOriginator: false, value: 6 }, type: 'ack' }],
  ['191016', { transaction: { byOriginator: true, value: 1 }, type: 'error', cause: CP_CAUSE.congestion }],
];

describe('a CP message', () => {
  for (const [data, message] of ROWS) {
    it(`${message.type} ${data} is read and written, and refused when cut short`, () => {
      assert.deepEqual(parseCp(octets(data)), message);
      assert.equal(hex(printCp(message)), data);
      for (let length = 0; length < data.length / 2; length++) {
        const cut = octets(data).subarray(0, length);
        assert.throws(() => parseCp(cut), length < 2 ? MalformedError : CpFault, hex(cut));
      }
    });
  }

  it('of another protocol, or of a reserved transaction, is ignored', () => {
    for (const data of ['0504', '7904', '79e104']) {
      assert.throws(
        () => parseCp(octets(data)),
        (error) => error instanceof MalformedError && !(error instanceof CpFault),
      );
    }
  });

  it('of an unknown type says what to answer', () => {
    assert.throws(
      () => parseCp(octets('9902')),
      (error) =>
        error instanceof CpFault &&
        error.answer === CP_CAUSE.unknownMessageType &&
        error.transaction.value === 1 &&
        !error.transaction.byOriginator,
    );
  });

  it('holds an RPDU of 248 octets at most', () => {
    const transaction = { byOriginator: true, value: 0 };
    assert.equal(printCp({ transaction, type: 'data', userData: new Uint8Array(248) }).length, 251);
    assert.throws(() => printCp({ transaction, type: 'data', userData: new Uint8Array(249) }), RangeError);
    assert.throws(() => parseCp(octets(`0901f9${'00'.repeat(249)}`)), CpFault);
  });
});

describe('CP causes', () => {
  it('have names', () => {
    for (const cause of Object.values(CP_CAUSE)) assert.doesNotMatch(describeCpCause(cause), /not in the table/);
    assert.equal(describeCpCause(1), '1 (not in the table)');
  });
});
