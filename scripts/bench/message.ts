import { CONTACT, CSEQ, FROM, TO, VIA } from '../../src/sip/message/header-types.ts';
import { isRequest, printMessage } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { checkRequest } from '../../src/sip/message/validate.ts';
import { VOLTE_INVITE, VOLTE_REGISTER } from '../../test/support/sip-samples.ts';

/** One line of the benchmark's table: what was done, and how often per second of CPU time. */
export interface Row {
  readonly name: string;
  readonly perSecond: number;
}

const WARM_UP = 20_000;
const BATCH = 2_000;
const CPU_MICROSECONDS = 500_000;

/** Cutting, reading and printing the two messages a handset sends most of, on one core. */
export function messageBench(): Row[] {
  const rows: Row[] = [];
  for (const [name, sample] of [
    ['REGISTER', VOLTE_REGISTER],
    ['INVITE', VOLTE_INVITE],
  ] as const) {
    rows.push(
      measure(`parse ${name}`, () => parseMessage(sample).length),
      measure(`parse and print ${name}`, () => printMessage(parseMessage(sample).message).length),
      measure(`parse and read headers of ${name}`, () => readHeaders(sample)),
      measure(`parse and check ${name}`, () => check(sample)),
    );
  }
  return rows;
}

/** The headers every request is looked at by. */
function readHeaders(data: Buffer): number {
  const { headers } = parseMessage(data).message;
  return [VIA, FROM, TO, CSEQ, CONTACT].filter((type) => headers.get<unknown>(type) !== undefined).length;
}

function check(data: Buffer): number {
  const head = parseMessage(data);
  if (!isRequest(head.message)) throw new Error('a request expected');
  const refusal = checkRequest(head, head.message, data.length - head.length);
  if (refusal !== undefined) throw refusal;
  return 1;
}

/** Repeats `work` for half a second of CPU time. Its results are summed so that no work can be optimised away. */
export function measure(name: string, work: () => number): Row {
  let sum = 0;
  for (let count = 0; count < WARM_UP; count++) sum += work();
  const start = process.cpuUsage();
  let done = 0;
  let spent = 0;
  while (spent < CPU_MICROSECONDS) {
    for (let count = 0; count < BATCH; count++) sum += work();
    done += BATCH;
    const { user, system } = process.cpuUsage(start);
    spent = user + system;
  }
  if (sum === 0) throw new Error(`${name} did nothing`);
  return { name, perSecond: Math.round((done * 1_000_000) / spent) };
}
