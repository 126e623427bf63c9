/** SIPp scenarios, made of steps: what a handset sends and expects, one after the other. */

/** One element of a scenario. */
export type Step = string;

export function scenario(...steps: readonly (Step | readonly Step[])[]): string {
  return ['<?xml version="1.0" encoding="UTF-8" ?>', '<scenario name="test">', ...steps.flat(), '</scenario>', ''].join(
    '\n',
  );
}

const CONTACT = 'Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>';
const NO_BODY = ['Content-Length: 0', ''];

/**
 * SIPp repeats what is sent until something comes, but for what gets no answer. It does so late: on loopback nothing is
 * lost, and a machine that stands still for half a second is no reason.
 */
function send(lines: readonly string[], { repeated }: { repeated: boolean }): Step {
  return `<send${repeated ? ' retrans="3000"' : ''}><![CDATA[\n${lines.join('\n')}\n]]></send>`;
}

/** Waits for a response, which must come next unless `optional`. */
export function expectStatus(status: number, attributes = ''): Step {
  return `<recv response="${status}" ${attributes}></recv>`;
}

export function expectRequest(method: string): Step {
  return `<recv request="${method}" rrs="true"></recv>`;
}

/** Where `repeated` goes on. */
export function label(number: number): Step {
  return `<label id="${number}"/>`;
}

/**
 * A request that may have come again and makes the scenario go on at a label. SIPp knows by itself only one that was
 * followed by a single response. A step that waits for something must follow.
 */
export function repeated(method: string, number: number): Step {
  return `<recv request="${method}" optional="true" next="${number}"></recv>`;
}

export function pause(ms: number): Step {
  return `<pause milliseconds="${ms}"/>`;
}

/** Makes an empty file, so that the test knows how far SIPp is. */
export function mark(path: string): Step {
  return `<nop><action><exec command="touch ${path}"/></action></nop>`;
}

function via(branch: string): string {
  return `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-${branch};rport`;
}

/**
 * Registers the user of a line: field0 its identity's user part, field1 the keyword `authentication`. `sequence` counts
 * on through the registrations of one SIPp call; each takes two.
 * @param expires seconds asked for.
 */
export function register(expires: number, sequence = 1): Step[] {
  const request = (number: number, credentials: readonly string[]) =>
    send(
      [
        'REGISTER sip:[domain] SIP/2.0',
        via(`${number}`),
        'From: <sip:[field0]@[domain]>;tag=[pid]-[call_number]',
        'To: <sip:[field0]@[domain]>',
        'Call-ID: [call_id]',
        `CSeq: ${number} REGISTER`,
        CONTACT,
        ...credentials,
        'Max-Forwards: 70',
        `Expires: ${expires}`,
        'Supported: path',
        ...NO_BODY,
      ],
      { repeated: true },
    );
  return [
    request(sequence, []),
    expectStatus(401, 'auth="true"'),
    request(sequence + 1, ['[field1]']),
    expectStatus(200),
  ];
}

type Direction = 'sendrecv' | 'sendonly' | 'recvonly';

function sdp(direction: Direction): string[] {
  return [
    'Content-Type: application/sdp',
    'Content-Length: [len]',
    '',
    'v=0',
    'o=- 53655765 2353687637 IN IP[local_ip_type] [local_ip]',
    's=-',
    'c=IN IP[media_ip_type] [media_ip]',
    't=0 0',
    'm=audio [media_port] RTP/AVP 0',
    'a=rtpmap:0 PCMU/8000',
    `a=${direction}`,
  ];
}

/** A caller's request outside a dialog to field2, its user field0 as in `register`. ACK and CANCEL use its branch. */
function opening(method: string, sequence: number, toTag: string, rest: readonly string[]): string[] {
  return [
    `${method} sip:[field2]@[domain] SIP/2.0`,
    via(`${sequence}`),
    'From: <sip:[field0]@[domain]>;tag=[pid]-[call_number]',
    `To: <sip:[field2]@[domain]>${toTag}`,
    'Call-ID: [call_id]',
    `CSeq: ${sequence} ${method}`,
    'Max-Forwards: 70',
    ...rest,
  ];
}

export function invite(sequence = 1, credentials: readonly string[] = []): Step {
  return send(opening('INVITE', sequence, '', [CONTACT, ...credentials, ...sdp('sendrecv')]), { repeated: true });
}

/** An INVITE that is challenged and sent again, as CSeq 2, with the answer of field1. */
export function provenInvite(): Step[] {
  return [invite(1), expectStatus(407, 'auth="true"'), acknowledgeRefusal(1), invite(2, ['[field1]'])];
}

/** RFC 3261 §17.1.1.3: the ACK to a refusal belongs to the INVITE's transaction. */
export function acknowledgeRefusal(sequence: number): Step {
  return send(opening('ACK', sequence, '[peer_tag_param]', NO_BODY), { repeated: false });
}

export function cancel(sequence: number): Step {
  return send(opening('CANCEL', sequence, '', NO_BODY), { repeated: true });
}

export const TRYING = expectStatus(100, 'optional="true"');

/** What a caller hears while it waits. */
export const RINGING: readonly Step[] = [TRYING, expectStatus(180, 'rrs="true"')];

export const ANSWERED: Step = expectStatus(200, 'rrs="true"');

/** A caller's request inside its dialog. */
function further(method: string, sequence: number, rest: readonly string[]): string[] {
  return [
    `${method} [next_url] SIP/2.0`,
    via(`${sequence}-${method}`),
    '[routes]',
    'From: <sip:[field0]@[domain]>;tag=[pid]-[call_number]',
    'To: <sip:[field2]@[domain]>[peer_tag_param]',
    'Call-ID: [call_id]',
    `CSeq: ${sequence} ${method}`,
    'Max-Forwards: 70',
    ...rest,
  ];
}

export function acknowledge(sequence: number): Step {
  return send(further('ACK', sequence, NO_BODY), { repeated: false });
}

export function reinvite(sequence: number, direction: Direction): Step {
  return send(further('INVITE', sequence, [CONTACT, ...sdp(direction)]), { repeated: true });
}

export function hangUp(sequence: number): Step {
  return send(further('BYE', sequence, NO_BODY), { repeated: true });
}

/** What a callee answers to the request that came last. */
function answer(status: string, toTag: string, sequence: string, rest: readonly string[], repeated = false): Step {
  return send(
    [
      `SIP/2.0 ${status}`,
      '[last_Via:]',
      '[last_Record-Route:]',
      '[last_From:]',
      `[last_To:]${toTag}`,
      '[last_Call-ID:]',
      sequence,
      'Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>',
      ...rest,
    ],
    { repeated },
  );
}

const CALLEE_TAG = ';tag=[pid]-[call_number]';

/** Answers to an INVITE that opens a dialog. */
export const RING = answer('180 Ringing', CALLEE_TAG, '[last_CSeq:]', NO_BODY);
export const ACCEPT = answer('200 OK', CALLEE_TAG, '[last_CSeq:]', sdp('sendrecv'), true);
export const BUSY = answer('486 Busy Here', CALLEE_TAG, '[last_CSeq:]', NO_BODY, true);
/** To the INVITE whose CANCEL came last: its Via is the same (RFC 3261 §9.1). */
export const TERMINATED = answer(
  '487 Request Terminated',
  CALLEE_TAG,
  'CSeq: [last_cseq_number] INVITE',
  NO_BODY,
  true,
);
/** To a CANCEL. */
export const CANCELLED = answer('200 OK', CALLEE_TAG, '[last_CSeq:]', NO_BODY);

/** Answers inside the dialog. */
export const DONE = answer('200 OK', '', '[last_CSeq:]', NO_BODY);
export function acceptOffer(direction: Direction): Step {
  return answer('200 OK', '', '[last_CSeq:]', sdp(direction), true);
}

/** The INVITE a callee gets, of which CALLEE_HANGS_UP needs From and To. */
export const INVITED: Step = `<recv request="INVITE" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="1"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="2"/>
</action></recv>
<Reference variables="1,2"/>`;

export const CALLEE_HANGS_UP: Step = send(
  [
    'BYE [next_url] SIP/2.0',
    via('BYE'),
    '[routes]',
    `From:[$2]${CALLEE_TAG}`,
    'To:[$1]',
    'Call-ID: [call_id]',
    'CSeq: 1 BYE',
    'Max-Forwards: 70',
    ...NO_BODY,
  ],
  { repeated: true },
);
