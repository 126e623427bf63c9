import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Published TPDUs, texts and RP or CP messages; each names its source. */
export interface TpduVector {
  readonly id: string;
  readonly type: string;
  readonly tpdu: string;
  readonly number?: string;
  readonly text?: string;
  readonly text_full_message?: string;
  readonly dcs?: number;
  readonly status?: number;
  readonly mr?: number;
  readonly pi?: number;
  readonly pid?: number;
  readonly vp_relative?: number;
  readonly vp_enhanced?: string;
  readonly scts?: string;
  readonly scts_utc?: string;
  readonly date_utc?: string;
  readonly discharge?: string;
  readonly discharge_utc?: string;
  readonly concat_ref?: number;
  readonly concat_cnt?: number;
  readonly concat_seq?: number;
}

interface Vectors {
  readonly tpdu: readonly TpduVector[];
  readonly gsm7: readonly {
    readonly id: string;
    readonly text: string;
    readonly septets: number;
    readonly packed?: string;
    readonly udh?: string;
    readonly user_data?: string;
  }[];
  readonly rp_cp: readonly { readonly id: string; readonly hex: string; readonly expect: RpCpExpectation }[];
}

interface RpCpExpectation {
  readonly cp: string;
  readonly rp?: string;
  readonly rp_oa?: string;
  readonly tp_oa?: string;
  readonly text?: string;
}

const FILE = join(import.meta.dirname, '../../../test/vectors/sms.json');
export const VECTORS = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

export const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
