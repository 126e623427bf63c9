import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, NEEDED, printed } from './parsing.ts';

const K = '00112233445566778899aabbccddeeff';
const OP = '000102030405060708090A0B0C0D0E0F';
const TOP = OP + OP;
const BYTES = Uint8Array.from({ length: 16 }, (_, index) => index);

/** The users of a ue_db. */
function users(text: string) {
  const { settings, errors } = load(`${NEEDED}ue_db: [${text}]`);
  assert.deepEqual(printed(errors), []);
  return settings?.ue_db ?? [];
}

/** Errors of one user that begins at 2:9, without the file's name. */
function errors(properties: string): string[] {
  return printed(load(`${NEEDED}ue_db: [{ ${properties} }]`).errors).map((error) => error.replace('/ims.cfg:', ''));
}

describe('users', () => {
  it('fills in the defaults of the manual', () => {
    const [user] = users(`{ impi: "a@b", impu: ["a"], K: "${K}" }`);
    assert.deepEqual(user, {
      impi: 'a@b',
      impu: [{ impu: 'sip:a' }],
      K: Uint8Array.from({ length: 16 }, (_, index) => index * 17),
      sim_algo: 'xor',
      amf: 0x9001,
      sqn: new Uint8Array(6),
      sqn_mode: 'counter',
      res_len: 8,
      keccak_iter: 1,
      multi_sim: false,
      force_sms_over_sg: false,
      authent_type: 'AKAv1',
      authent_qop: 'auth',
    });
  });

  it('reads a Milenage and a TUAK card', () => {
    const c = Array.from({ length: 5 }, () => `"${OP}"`).join(', ');
    const [milenage, miln, tuak] = users(`
      { impi: "a", sim_algo: "milenage", K: "${K}", opc: "${OP}", r: [64, 0, 32, 64, 127], c: [${c}], sqn: "0000000000fF" },
      { impi: "b", sim_algo: "miln", K: "${K}", op: "${OP}", amf: 0, res_len: 4 },
      { impi: "c", sim_algo: "tuak", K: "${TOP}", topc: "${TOP}", keccak_iter: 2, res_len: 16, authent_type: "AKAv2" },`);
    assert.deepEqual(milenage?.opc, BYTES);
    assert.deepEqual(milenage?.r, [64, 0, 32, 64, 127]);
    assert.deepEqual(milenage?.c, [BYTES, BYTES, BYTES, BYTES, BYTES]);
    assert.deepEqual(milenage?.sqn, Uint8Array.of(0, 0, 0, 0, 0, 255));
    assert.equal(miln?.sim_algo, 'milenage');
    assert.deepEqual([tuak?.K?.length, tuak?.topc?.length, tuak?.authent_type], [32, 32, 'AKAv2']);
  });

  it('needs no keys where no AKA is possible', () => {
    const kinds = users(`
      { impi: "a", pwd: "x" },
      { impi: "b", authent_type: "none" },
      { impi: "c", authentication: false },
      { impi: "d", impu: [{ impu: "tel:1", authentication: 0 }, { impu: "tel:2", authentication: 0 }] },
      { impi: "e", authent_type: "MD5", K: "${K}" },`);
    assert.deepEqual(
      kinds.map((user) => user.authent_type),
      ['MD5', 'none', 'AKAv1', 'AKAv1', 'MD5'],
    );
  });

  it('makes the IMPI of a card from its IMSI', () => {
    const [own, other] = users(
      `{ imsi: "001010000000001", K: "${K}" }, { imsi: "001010000000001", K: "${K}", domain: "other" }`,
    );
    assert.equal(own?.impi, '001010000000001@ims.test');
    assert.equal(other?.impi, '001010000000001@other');
  });

  it('reads public identities in all their forms', () => {
    const object = `{ impu: "TEL:+33-1.23", imeisv: "1234567890123456", imei: "12345678901234", code: 486, anonymous: true,
      authentication: false, ring_only: 1, precondition: "off", 100rel: false }`;
    const [user] = users(`{ impi: "a", pwd: "b", 100rel: 0, precondition: true, ring_only: 0,
      impu: ["user", "sip:user%40x@host", "tel:600;phone-context=ims.test", "urn:service:sos.police", ${object}] }`);
    assert.deepEqual(user?.impu, [
      { impu: 'sip:user' },
      { impu: 'sip:user%40x@host' },
      { impu: 'tel:600;phone-context=ims.test' },
      { impu: 'urn:service:sos.police' },
      {
        impu: 'tel:+33-1.23',
        imeisv: '1234567890123456',
        imei: '12345678901234',
        code: 486,
        anonymous: true,
        authentication: false,
        ring_only: true,
        precondition: false,
        '100rel': false,
      },
    ]);
    assert.deepEqual([user?.['100rel'], user?.precondition, user?.ring_only], [false, true, false]);
  });

  const table: [string, string][] = [
    [
      `impi: "a", K: "${K.slice(1)}"`,
      '2:25: ue_db[0].K: 16 or 32 bytes of hexadecimal expected (32 or 64 digits), found 31 digits',
    ],
    [
      `impi: "a", K: "${K}", sqn: "00000000000g"`,
      '2:66: ue_db[0].sqn: 6 bytes of hexadecimal expected (12 digits), found "g" as digit 12',
    ],
    [
      `impi: "a", K: 11`,
      '2:25: ue_db[0].K: 16 or 32 bytes of hexadecimal expected (32 or 64 digits), found the number 11: put it in quotes',
    ],
    [
      `impi: "a", K: "${TOP}"`,
      '2:25: ue_db[0].K: 16 bytes of hexadecimal expected (32 digits) for xor, found 64 digits',
    ],
    [
      'impi: "a"',
      '2:9: ue_db[0].K: 16 bytes of hexadecimal expected, found nothing: AKAv1 needs the key of the SIM (a client without a SIM has pwd)',
    ],
    [
      'impi: "a", pwd: "b", authent_type: "AKAv2"',
      '2:9: ue_db[0].K: 16 bytes of hexadecimal expected, found nothing: AKAv2 needs the key of the SIM (a client without a SIM has pwd)',
    ],
    ['impi: "a", authent_type: "MD5"', '2:9: ue_db[0].pwd: string expected, found nothing: MD5 needs it'],
    ['pwd: "a"', '2:9: ue_db[0].impi: string expected, found nothing: a user has an impi, or an imsi that makes it'],
    [
      `impi: "a", K: "${K}", sim_algo: "miln"`,
      '2:9: ue_db[0].opc: op or opc expected, found nothing: Milenage needs one',
    ],
    [
      `impi: "a", K: "${K}", sim_algo: "tuak"`,
      '2:9: ue_db[0].topc: top or topc expected, found nothing: TUAK needs one',
    ],
    [
      `impi: "a", K: "${K}", sim_algo: "tuak", topc: "${TOP}", res_len: 6`,
      '2:162: ue_db[0].res_len: number of 4, 8 or 16 expected for tuak, found 6',
    ],
    [
      `impi: "a", K: "${K}", sim_algo: "milenage", opc: "${OP}", res_len: 9`,
      '2:133: ue_db[0].res_len: number from 4 to 8 expected for milenage, found 9',
    ],
    [
      `impi: "a", K: "${K}", sim_algo: "milenag"`,
      '2:71: ue_db[0].sim_algo: "xor", "milenage" or "tuak" expected, found "milenag" (did you mean "milenage"?)',
    ],
    [`impi: "a", K: "${K}", r: [1, 2, 3]`, '2:64: ue_db[0].r: array of 5 integers expected, found 3'],
    [
      `impi: "a", K: "${K}", r: [1, 2, 3, 4, 128]`,
      '2:77: ue_db[0].r[4]: integer from 0 to 127 expected, found the number 128',
    ],
    [
      `impi: "a", pwd: "b", authent_type: "md5"`,
      '2:46: ue_db[0].authent_type: "none", "MD5", "AKAv1" or "AKAv2" expected, found "md5" (did you mean "MD5"?)',
    ],
    ['impi: "a", pwd: "b", imsi: "12"', '2:38: ue_db[0].imsi: IMSI of 6 to 15 digits expected, found the string "12"'],
    ['impi: "a", pwd: "b", amf: 65536', '2:37: ue_db[0].amf: integer from 0 to 65535 expected, found the number 65536'],
    ['impi: "a b", pwd: "b"', '2:17: ue_db[0].impi: IMPI expected, found the string "a b"'],
    [
      'impi: "a", pwd: "b", impu: ["x:y"]',
      '2:39: ue_db[0].impu[0]: IMPU ("user", "sip:user", "tel:+33123456789" or "urn:service:sos") expected, found "x:y"',
    ],
    [
      'impi: "a", pwd: "b", impu: [{ code: 404 }]',
      '2:39: ue_db[0].impu[0].impu: IMPU ("user", "sip:user", "tel:+33123456789" or "urn:service:sos") expected, found nothing',
    ],
    [
      'impi: "a", pwd: "b", impu: [{ impu: "a", code: 99 }]',
      '2:58: ue_db[0].impu[0].code: integer from 200 to 699 expected, found the number 99',
    ],
  ];
  for (const [properties, expected] of table) it(properties, () => assert.deepEqual(errors(properties), [expected]));

  it('tells apart users only by their IMPI', () => {
    const { errors: found } = load({
      '/ims.cfg': `${NEEDED}ue_db: [{ impi: "a", pwd: "x" },\n{ impi: "b", pwd: 1 },\n{ impi: "a", pwd: "y" },
        { imsi: "001010000000001", K: "${K}" }, { impi: "001010000000001@ims.test", pwd: "x" }]`,
    });
    assert.deepEqual(printed(found), [
      '/ims.cfg:3:19: ue_db[1].pwd: string expected, found the number 1: put it in quotes',
      '/ims.cfg:4:9: ue_db[2].impi: IMPI of its own expected, "a" is also at /ims.cfg:2:17',
      '/ims.cfg:5:85: ue_db[4].impi: IMPI of its own expected, "001010000000001@ims.test" is also at /ims.cfg:5:17',
    ]);
  });

  it('reads the file of a test call once for all users', () => {
    let reads = 0;
    const files: Record<string, string> = {
      '/ims.cfg': `${NEEDED}include "u.cfg"`,
      '/u.cfg': `ue_db: [
      { impi: "a", pwd: "x", mt_call_sdp_file: "mt.sdp" }, { impi: "b", pwd: "x", mt_call_sdp_file: "./mt.sdp" }]`,
    };
    Object.defineProperty(files, '/mt.sdp', { enumerable: true, get: () => `v=0 ${++reads}` });
    const { settings } = load(files);
    assert.deepEqual(
      settings?.ue_db.map((user) => user.mt_call_sdp_file),
      [1, 1].map(() => ({ path: '/mt.sdp', text: 'v=0 1' })),
    );
  });
});
