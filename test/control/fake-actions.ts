import type {
  Actions,
  AssociationRow,
  DialogRow,
  DiameterPeerRow,
  MmeRow,
  RxSessionRow,
  UserRow,
} from '../../src/control/actions.ts';
import { textParts } from '../../src/sms/text.ts';

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

export const ASSOCIATIONS: readonly AssociationRow[] = [
  {
    impi: REGISTERED.impi,
    role: 'current',
    endsInS: 3620,
    integrity: 'hmac-sha-1-96',
    encryption: 'aes-cbc',
    direction: 'in',
    source: '192.168.3.2:41000',
    destination: '192.168.4.1:5062',
    spi: 0x1234abcd,
  },
];
export const TALKING: DialogRow = {
  sessionId: '0123456789abcdef',
  state: 'start',
  type: 'server',
  from: 'sip:sipclient@ims.test',
  to: 'tel:600',
  partner: 'fedcba9876543210',
  date: 1_500_000_000,
  durationS: 12.5,
  events: [{ type: 'state', timestamp: 0, state: 'init' }],
  medias: [
    {
      type: 'audio',
      qos: 'disabled',
      direction: 'sendrecv',
      rtpTarget: '192.168.3.2:4000',
      rtcpTarget: '192.168.3.2:4001',
      rtpReceived: 100,
      rtpSent: 90,
      rtcpReceived: 3,
      rtcpSent: 2,
    },
  ],
};

export const LISTENING: DialogRow = {
  ...TALKING,
  sessionId: 'fedcba9876543210',
  type: 'client',
  partner: '0123456789abcdef',
  medias: [],
};

export const PEER: DiameterPeerRow = {
  transport: 'SCTP',
  remote: '127.0.1.100:3868',
  host: 'epc.mnc001.mcc001.3gppnetwork.org',
  state: 'open',
  connectedForS: 12,
  pending: 0,
};

export const SESSIONS: readonly RxSessionRow[] = [
  {
    id: 'ims.amarisoft.com;1;2',
    call: '1a2b',
    user: REGISTERED.impi,
    address: '192.168.3.2',
    state: 'open',
    media: ['audio:enabled', 'video:removed'],
    access: '3GPP-E-UTRAN;utran-cell-id-3gpp=0010100010019b01;network-provided',
  },
];

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
    associations: () => ASSOCIATIONS,
    cx: () => ({ peer: PEER, users: 3 }),
    rx: () => ({ peer: PEER, sessions: SESSIONS }),
    unregister(identity, event) {
      asked.push(`unregister ${identity} ${event}`);
      return users.find(({ impi }) => impi === identity)?.bindings.length;
    },
    reauthenticate(identity, withinS) {
      asked.push(`reauthenticate ${identity} ${withinS}`);
      return users.find(({ impi }) => impi === identity)?.bindings.length;
    },
    dialogs: () => [TALKING, LISTENING],
    stopDialog(sessionId) {
      asked.push(`stop ${sessionId}`);
      return sessionId === TALKING.sessionId;
    },
    mtCall({ callee, durationS, sipFile, caller }) {
      asked.push(`mt_call ${callee} ${durationS} ${sipFile} ${caller}`);
      return callee === ABSENT.impi ? `${callee} is not registered` : ['00112233', '44556677'];
    },
    sendSms(identity, text) {
      asked.push(`sms ${identity} ${text}`);
      return users.some(({ impi }) => impi === identity) ? textParts(text, { reference: 0 }).length : undefined;
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
