/** TPDUs as octets (TS 23.040 §9.2.2). */
import { printAddress } from './address.ts';
import { printTimestamp } from './timestamp.ts';
import { FLAG, INDICATOR, type Optional, type Tpdu } from './tpdu.ts';
import type { UserData } from './user-data.ts';
import { printValidity, VALIDITY_FORMATS } from './validity.ts';

/** @throws RangeError for what fits no TPDU. */
export function printTpdu(tpdu: Tpdu): Uint8Array {
  switch (tpdu.type) {
    case 'deliver':
      return Uint8Array.from([
        bits(0, [!tpdu.moreMessages, FLAG.moreOrDuplicates], [tpdu.loopPrevention, FLAG.loopPrevention]) |
          bits(0, [tpdu.statusReport, FLAG.statusReport], [tpdu.replyPath, FLAG.replyPath], headerBit(tpdu.userData)),
        ...printAddress(tpdu.originator),
        tpdu.protocol,
        tpdu.userData.coding,
        ...printTimestamp(tpdu.timestamp),
        ...printed(tpdu.userData),
      ]);
    case 'submit': {
      const format = VALIDITY_FORMATS.indexOf(tpdu.validity?.form ?? 'none');
      return Uint8Array.from([
        bits(1, [tpdu.rejectDuplicates, FLAG.moreOrDuplicates], headerBit(tpdu.userData)) |
          bits(format << 3, [tpdu.statusReport, FLAG.statusReport], [tpdu.replyPath, FLAG.replyPath]),
        tpdu.reference,
        ...printAddress(tpdu.destination),
        tpdu.protocol,
        tpdu.userData.coding,
        ...(tpdu.validity === undefined ? [] : printValidity(tpdu.validity)),
        ...printed(tpdu.userData),
      ]);
    }
    case 'status-report':
      return Uint8Array.from([
        bits(2, [!tpdu.moreMessages, FLAG.moreOrDuplicates], [tpdu.loopPrevention, FLAG.loopPrevention]) |
          bits(0, [tpdu.ofCommand, FLAG.statusReport], headerBit(tpdu.optional.userData)),
        tpdu.reference,
        ...printAddress(tpdu.recipient),
        ...printTimestamp(tpdu.timestamp),
        ...printTimestamp(tpdu.discharge),
        tpdu.status,
        ...(indicatorOf(tpdu.optional) === 0 ? [] : [indicatorOf(tpdu.optional), ...printParts(tpdu.optional)]),
      ]);
    case 'command':
      return Uint8Array.from([
        bits(2, [tpdu.statusReport, FLAG.statusReport], [tpdu.hasHeader, FLAG.header]),
        tpdu.reference,
        tpdu.protocol,
        tpdu.command,
        tpdu.messageNumber,
        ...printAddress(tpdu.destination),
        tpdu.data.length,
        ...tpdu.data,
      ]);
    case 'deliver-report':
      return Uint8Array.from([
        bits(0, headerBit(tpdu.optional.userData)),
        ...(tpdu.failure === undefined ? [] : [tpdu.failure]),
        indicatorOf(tpdu.optional),
        ...printParts(tpdu.optional),
      ]);
    case 'submit-report':
      return Uint8Array.from([
        bits(1, headerBit(tpdu.optional.userData)),
        ...(tpdu.failure === undefined ? [] : [tpdu.failure]),
        indicatorOf(tpdu.optional),
        ...printTimestamp(tpdu.timestamp),
        ...printParts(tpdu.optional),
      ]);
  }
}

/** The same SMS-DELIVER or SMS-STATUS-REPORT, saying whether further messages wait. */
export function withMoreMessages(tpdu: Uint8Array, more: boolean): Uint8Array {
  const copy = Uint8Array.from(tpdu);
  copy[0] = more ? (copy[0] as number) & ~FLAG.moreOrDuplicates : (copy[0] as number) | FLAG.moreOrDuplicates;
  return copy;
}

function bits(base: number, ...set: readonly (readonly [boolean, number])[]): number {
  return set.reduce((octet, [on, bit]) => (on ? octet | bit : octet), base);
}

function headerBit(userData: UserData | undefined): readonly [boolean, number] {
  return [userData?.hasHeader === true, FLAG.header];
}

function printed({ length, octets }: UserData): readonly number[] {
  return [length, ...octets];
}

function indicatorOf({ protocol, coding, userData }: Optional): number {
  return bits(
    0,
    [protocol !== undefined, INDICATOR.protocol],
    [coding !== undefined, INDICATOR.coding],
    [userData !== undefined, INDICATOR.userData],
  );
}

function printParts({ protocol, coding, userData }: Optional): readonly number[] {
  return [
    ...(protocol === undefined ? [] : [protocol]),
    ...(coding === undefined ? [] : [coding]),
    ...(userData === undefined ? [] : printed(userData)),
  ];
}
