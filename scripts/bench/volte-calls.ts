/** Calls as VoLTE handsets make them, with reliable responses and preconditions, hung up by the caller at once. */
import { headerOf, linesOf, type Phones } from './phones.ts';
import { DOMAIN } from './users.ts';

let count = 0;

const ABLE = 'Supported: 100rel, timer, precondition\r\nAllow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS\r\n';

/** INVITE 183 PRACK 200 UPDATE 200 180 200 ACK BYE 200. `done` when the caller has hung up. */
export function volteCall(phones: Phones, caller: number, called: number, address: string, done: () => void): void {
  const callId = `v${++count}`;
  const uri = `sip:u${called}@${DOMAIN}`;
  let cseq = 1;
  let step: 'invited' | 'pracked' | 'updated' | 'answered' = 'invited';
  let target = uri;
  const send = (method: string, to: string, more: string, body = '') => {
    const contact = `Contact: <sip:u${caller}@${phones.at}>\r\n`;
    phones.send(
      `${method} ${target} SIP/2.0\r\nVia: SIP/2.0/UDP ${phones.at};rport;branch=z9hG4bK${callId}.${cseq}.${method}\r\n` +
        `Max-Forwards: 70\r\nFrom: <sip:u${caller}@${DOMAIN}>;tag=${callId}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\n` +
        `CSeq: ${method === 'ACK' ? 1 : cseq} ${method}\r\n${contact}${ABLE}User-Agent: bench\r\n${more}` +
        `${body === '' ? '' : 'Content-Type: application/sdp\r\n'}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  };
  phones.expect(callId, (text, status) => {
    const to = headerOf(text, 'To');
    const [, method] = headerOf(text, 'CSeq').split(' ');
    if (status === 183 && step === 'invited') {
      step = 'pracked';
      target = /<([^>]+)>/.exec(headerOf(text, 'Contact'))?.[1] ?? uri;
      cseq++;
      send('PRACK', to, `RAck: ${headerOf(text, 'RSeq')} 1 INVITE\r\n`);
    } else if (status === 200 && method === 'PRACK' && step === 'pracked') {
      step = 'updated';
      cseq++;
      send('UPDATE', to, '', volteSdp(address, 'sendrecv', 'none'));
    } else if (status === 200 && method === 'INVITE' && step === 'updated') {
      step = 'answered';
      cseq++;
      send('ACK', to, '');
      send('BYE', to, '');
    } else if (status === 200 && method === 'BYE') {
      phones.forget(callId);
      done();
    } else if (status >= 300) throw new Error(`unexpected answer in a call:\n${text}`);
  });
  send('INVITE', `<${uri}>`, 'P-Early-Media: supported\r\n', volteSdp(address, 'none', 'none'));
}

/** Makes phones take every such call: 183 to INVITE; 200, 180 and 200 to UPDATE; 200 to what else comes. */
export function answerVolteCalls(phones: Phones, address: string): void {
  const invites = new Map<string, string>();
  const respond = (text: string, status: string, more: string, body = '') => {
    const to = headerOf(text, 'To');
    phones.send(
      `SIP/2.0 ${status}\r\n${linesOf(text, 'Via')}${linesOf(text, 'Record-Route')}From: ${headerOf(text, 'From')}\r\n` +
        `To: ${to.includes(';tag=') ? to : `${to};tag=called`}\r\nCall-ID: ${headerOf(text, 'Call-ID')}\r\n` +
        `CSeq: ${headerOf(text, 'CSeq')}\r\nContact: <sip:called@${phones.at}>\r\n${ABLE}User-Agent: bench\r\n${more}` +
        `${body === '' ? '' : 'Content-Type: application/sdp\r\n'}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  };
  phones.onRequest = (text) => {
    const callId = headerOf(text, 'Call-ID');
    if (text.startsWith('ACK ')) return;
    if (text.startsWith('INVITE ')) {
      // One that is repeated has had its 183.
      if (invites.has(callId)) return;
      invites.set(callId, text);
      const reliably = 'Require: 100rel, precondition\r\nRSeq: 1\r\n';
      respond(text, '183 Session Progress', reliably, volteSdp(address, 'none', 'none'));
    } else if (text.startsWith('UPDATE ')) {
      respond(text, '200 OK', '', volteSdp(address, 'sendrecv', 'sendrecv'));
      const invite = invites.get(callId);
      if (invite === undefined) return;
      respond(invite, '180 Ringing', '');
      respond(invite, '200 OK', '');
    } else {
      if (text.startsWith('BYE ')) invites.delete(callId);
      respond(text, '200 OK', '');
    }
  };
}

/** @param local what is reserved on the phone's side. @param remote on the other one, as it knows. */
function volteSdp(address: string, local: string, remote: string): string {
  return (
    `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 97 100\r\n` +
    'b=AS:37\r\nb=RS:0\r\nb=RR:2000\r\na=rtpmap:97 AMR/8000/1\r\na=fmtp:97 mode-change-capability=2; max-red=220\r\n' +
    'a=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-15\r\na=ptime:20\r\na=maxptime:240\r\na=sendrecv\r\n' +
    `a=curr:qos local ${local}\r\na=curr:qos remote ${remote}\r\n` +
    'a=des:qos mandatory local sendrecv\r\na=des:qos optional remote sendrecv\r\n'
  );
}
