import { createHash } from 'node:crypto';

/** A user as ue_db has it, and as SIPp plays it. */
export interface TestUser {
  readonly entry: object;
  /** User part of its identity. */
  readonly name: string;
  /** SIPp's keyword that answers challenges. */
  readonly credentials: string;
}

export function md5Users(prefix: string, count: number): readonly TestUser[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${prefix}${1000 + index}`;
    const pwd = `secret-${name}`;
    return {
      name,
      entry: { impi: name, impu: [name], authent_type: 'MD5', pwd },
      credentials: `[authentication username=${name} password=${pwd}]`,
    };
  });
}

const OPERATOR = octets('operator');
const AMF = '9001';

/** Users of SIM cards: Milenage with OP, which SIPp knows. */
export function simUsers(count: number): readonly TestUser[] {
  return Array.from({ length: count }, (_, index) => {
    const imsi = `0010101234${String(index).padStart(5, '0')}`;
    const impi = `${imsi}@test.example`;
    const k = octets(imsi);
    return {
      name: imsi,
      entry: {
        impi,
        imsi,
        impu: [imsi],
        sim_algo: 'milenage',
        K: k,
        op: OPERATOR,
        amf: Number.parseInt(AMF, 16),
        authent_type: 'AKAv1',
      },
      credentials: `[authentication username=${impi} aka_K=0x${k} aka_OP=0x${OPERATOR} aka_AMF=0x${AMF}]`,
    };
  });
}

/** 16 octets in hex that SIPp reads right: it takes NUL for the end, "[" for a keyword, and drops white space. */
function octets(seed: string): string {
  const hash = createHash('md5').update(seed).digest();
  return Buffer.from(hash.map((octet) => 0x80 | octet)).toString('hex');
}
