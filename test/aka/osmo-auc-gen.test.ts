import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { readSqn } from '../../src/aka/sequence.ts';
import { type SimKeys, simAlgorithm } from '../../src/aka/sim-keys.ts';
import { Usim } from '../../src/aka/usim.ts';
import { makeVector } from '../../src/aka/vector.ts';
import { hex } from './vectors.ts';

/** Osmocom's own Milenage and XOR as judge, on 1,000 inputs drawn from a fixed seed. */
const missing = spawnSync('osmo-auc-gen', ['--help']).error !== undefined;
const COUNT = 1000;

interface Case {
  readonly keys: SimKeys;
  readonly rand: Uint8Array;
  readonly amf: number;
  /** SQN of the challenge asked for, or the card's SQN told in AUTS. */
  readonly sqn: number;
  readonly auts?: Uint8Array;
}

function drawn(at: number): Case {
  const block = (name: string) => new Uint8Array(createHash('md5').update(`${name} ${at}`).digest());
  const odd = block('odd');
  const [k, operator, rand] = [block('k'), block('operator'), block('rand')];
  const algo = (odd[0] ?? 0) & 3;
  // As long as the tool's: it cuts nothing off.
  const keys: SimKeys =
    algo === 0
      ? { algo: 'xor', k, resLength: 16 }
      : { algo: 'milenage', k, ...(algo === 1 ? { op: operator } : { opc: operator }) };
  // The tool takes one step off the SQN it is given.
  const sqn = 64 + Math.floor(readSqn(block('sqn').slice(0, 6)) / 2);
  const amf = ((odd[1] ?? 0) << 8) | (odd[2] ?? 0);
  if (((odd[0] ?? 0) & 4) === 0) return { keys, rand, amf, sqn };
  const usim = new Usim(keys, sqn);
  const answer = usim.authenticate(rand, makeVector(simAlgorithm(keys), { rand, sqn, amf: 0xffff }).autn);
  assert.equal(answer.kind, 'sync-failure');
  return { keys, rand, amf, sqn, ...(answer.kind === 'sync-failure' && { auts: answer.auts }) };
}

function command({ keys, rand, amf, sqn, auts }: Case): string {
  const operator =
    keys.algo !== 'milenage' ? '' : keys.op ? ` -O ${hex(keys.op)}` : ` -o ${hex(keys.opc ?? new Uint8Array(16))}`;
  const sequence = auts === undefined ? `-s ${sqn}` : `-A ${hex(auts)}`;
  const algorithm = keys.algo.toUpperCase();
  const amfText = amf.toString(16).padStart(4, '0');
  return `osmo-auc-gen -3 -a ${algorithm} -k ${hex(keys.k)}${operator} -r ${hex(rand)} -f ${amfText} ${sequence} 2>&1`;
}

describe('osmo-auc-gen', { skip: missing && 'skipped: needs osmo-auc-gen (Debian package libosmocore-utils)' }, () => {
  const cases: Case[] = [];
  let answers: ReadonlyMap<string, string>[] = [];

  before(() => {
    for (let at = 0; at < COUNT; at++) cases.push(drawn(at));
    const input = cases.map((each) => `${command(each)}; echo END`).join('\n');
    const output = execFileSync('sh', ['-s'], { input, encoding: 'latin1', maxBuffer: 16 * 2 ** 20 });
    answers = output
      .split('END\n')
      .slice(0, COUNT)
      .map(
        (text) =>
          new Map([...text.matchAll(/^([A-Za-z. ]+):\t(\S+)$/gm)].map(([, name = '', value = '']) => [name, value])),
      );
  });

  it(`agrees on AUTN, RES, CK and IK of ${COUNT} challenges`, () => {
    for (const [at, { keys, rand, amf }] of cases.entries()) {
      const answer = answers[at];
      const made = makeVector(simAlgorithm(keys), { rand, sqn: Number(answer?.get('SQN')), amf });
      assert.deepEqual(
        { AUTN: hex(made.autn), RES: hex(made.xres), CK: hex(made.ck), IK: hex(made.ik) },
        { AUTN: answer?.get('AUTN'), RES: answer?.get('RES'), CK: answer?.get('CK'), IK: answer?.get('IK') },
        `input ${at}`,
      );
    }
  });

  it("reads the card's SQN from our AUTS", () => {
    const resynchronised = cases.flatMap(({ auts, sqn }, at) => (auts === undefined ? [] : [{ at, sqn }]));
    assert.ok(resynchronised.length > COUNT / 4);
    for (const { at, sqn } of resynchronised) assert.equal(answers[at]?.get('SQN.MS'), String(sqn), `input ${at}`);
  });

  it('was asked for every kind of card', () => {
    const kinds = cases.map(({ keys }) => (keys.algo === 'milenage' && keys.op ? 'milenage with OP' : keys.algo));
    assert.deepEqual([...new Set(kinds)].sort(), ['milenage', 'milenage with OP', 'xor']);
  });
});
