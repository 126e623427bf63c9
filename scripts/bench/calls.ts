/** Calls from one phone to another, hung up by the caller at once. */
import { headerOf, linesOf, type Phones } from './phones.ts';
import { credentials, DOMAIN } from './users.ts';

let count = 0;

/** INVITE (407, ACK, INVITE) 100 180 200 ACK BYE 200. `done` when the caller has hung up. */
export function call(phones: Phones, caller: number, called: number, sdp: string, done: () => void): void {
  const callId = `c${++count}`;
  const uri = `sip:u${called}@${DOMAIN}`;
  let cseq = 1;
  let over = false;
  let refusalAck: string | undefined;
  const head = (method: string, to: string, target = uri) =>
    `${method} ${target} SIP/2.0\r\n` +
    // RFC 3261 §17.1.1.3: the ACK of a refusal is in the INVITE's transaction, that of a 200 is not.
    `Via: SIP/2.0/UDP ${phones.at};rport;branch=z9hG4bK${callId}.${cseq}.${method === 'ACK' && target === uri ? 'INVITE' : method}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:u${caller}@${DOMAIN}>;tag=${callId}\r\nTo: ${to}\r\n` +
    `Call-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n`;
  const invite = (authorization = '') => {
    phones.send(
      `${head('INVITE', `<${uri}>`)}Contact: <sip:u${caller}@${phones.at}>\r\n` +
        `Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nUser-Agent: bench\r\n${authorization}Content-Type: application/sdp\r\n` +
        `Content-Length: ${sdp.length}\r\n\r\n${sdp}`,
    );
  };
  phones.expect(callId, (text, status) => {
    const inviteAnswered = headerOf(text, 'CSeq').endsWith('INVITE');
    if (status < 200) return;
    if (status === 407 && inviteAnswered) {
      // A 407 that was repeated before its ACK came is acknowledged like the first.
      refusalAck ??= `${head('ACK', headerOf(text, 'To'))}Content-Length: 0\r\n\r\n`;
      phones.send(refusalAck);
      if (cseq > 1) return;
      cseq++;
      invite(`Proxy-Authorization: ${credentials(caller, text, 'INVITE', uri)}\r\n`);
    } else if (status === 200 && inviteAnswered) {
      // The 200 may have been repeated before its ACK came.
      if (over) return;
      over = true;
      const [, target] = /<([^>]+)>/.exec(headerOf(text, 'Contact')) ?? [];
      phones.send(`${head('ACK', headerOf(text, 'To'), target)}Content-Length: 0\r\n\r\n`);
      cseq++;
      phones.send(`${head('BYE', headerOf(text, 'To'), target)}Content-Length: 0\r\n\r\n`);
    } else if (status === 200 && over) {
      phones.forget(callId);
      done();
    } else throw new Error(`unexpected answer in a call:\n${text}`);
  });
  invite();
}

/** Makes phones take every call at once: 180 and 200 to INVITE, 200 to BYE. */
export function answerCalls(phones: Phones, sdp: string): void {
  phones.onRequest = (text) => {
    if (text.startsWith('ACK ')) return;
    const to = headerOf(text, 'To');
    const same =
      `${linesOf(text, 'Via')}${linesOf(text, 'Record-Route')}From: ${headerOf(text, 'From')}\r\n` +
      `To: ${to.includes(';tag=') ? to : `${to};tag=called`}\r\nCall-ID: ${headerOf(text, 'Call-ID')}\r\n` +
      `CSeq: ${headerOf(text, 'CSeq')}\r\nUser-Agent: bench\r\n`;
    if (text.startsWith('INVITE ')) {
      const contact = `Contact: <sip:called@${phones.at}>\r\n`;
      phones.send(`SIP/2.0 180 Ringing\r\n${same}${contact}Content-Length: 0\r\n\r\n`);
      phones.send(
        `SIP/2.0 200 OK\r\n${same}${contact}Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
      );
    } else phones.send(`SIP/2.0 200 OK\r\n${same}Content-Length: 0\r\n\r\n`);
  };
}

/** A softphone's session. @param port of its audio, where nobody listens; 0 is a call without media (RFC 3264 §6). */
export function softphoneSdp(address: string, port: number): string {
  return (
    `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\n` +
    `m=audio ${port} RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:8 PCMA/8000\r\n` +
    'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n'
  );
}
