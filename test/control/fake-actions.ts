import type { Actions, MmeRow, UserRow } from '../../src/control/actions.ts';

export const REGISTERED: UserRow = {
  impi: '001010123456789@ims.mnc001.mcc001.3gppnetwork.org',
  impus: ['sip:001010123456789@ims.mnc001.mcc001.3gppnetwork.org', 'tel:600'],
  state: 'registered',
  bindings: [
    {
      id: '00a1',
      contact: 'sip:001010123456789@192.168.3.2:5060',
      q: 1,
      expiresInS: 3590,
      transport: 'TCP',
      remote: '192.168.3.2:41000',
      device: 'imei 35-209900-176148-1',
      ipsec: true,
    },
  ],
  dialogs: 1,
  sms: 0,
};

export const ABSENT: UserRow = {
  impi: 'sipclient',
  impus: ['tel:1234'],
  state: 'absent',
  bindings: [],
  dialogs: 0,
  sms: 12,
};

/** Actions that remember what they were asked. */
export function fakeActions(users: readonly UserRow[] = [REGISTERED, ABSENT], mmes?: readonly MmeRow[]) {
  const asked: string[] = [];
  const actions: Actions = {
    log: {
      describe: () => 'all.level=error,time=short',
      configure(text) {
        asked.push(`log ${text}`);
        return text.includes('wrong') ? 'wrong: an assignment has the form name=value at offset 0' : undefined;
      },
    },
    users: () => users,
    unregister(identity, event) {
      asked.push(`unregister ${identity} ${event}`);
      return users.find(({ impi }) => impi === identity)?.bindings.length;
    },
    reauthenticate(identity, withinS) {
      asked.push(`reauthenticate ${identity} ${withinS}`);
      return users.find(({ impi }) => impi === identity)?.bindings.length;
    },
    sendSms(identity, text) {
      asked.push(`sms ${identity} ${text}`);
      return users.some(({ impi }) => impi === identity) ? Math.ceil(text.length / 153) : undefined;
    },
    flushSms(identity) {
      asked.push(`sms_flush ${identity}`);
      return users.find(({ impi }) => impi === identity)?.sms;
    },
    mmes: () => mmes,
    quit: () => asked.push('quit'),
  };
  return { actions, asked };
}
