/** Registrations as phones make them. */
import type { Phones } from './phones.ts';
import { credentials, DOMAIN } from './users.ts';

const URI = `sip:${DOMAIN}`;
let count = 0;

/** REGISTER, 401, REGISTER, 200, with these feature tags. `done` gets the 401, with which the registration can be refreshed. */
export function register(phones: Phones, user: number, done: (challenge: string) => void, features = ''): void {
  const callId = `r${++count}`;
  let challenge: string | undefined;
  phones.expect(callId, (text, status) => {
    if (status === 401 && challenge === undefined) {
      challenge = text;
      phones.send(request(phones, user, callId, 2, credentials(user, text, 'REGISTER', URI), features));
    } else if (status === 200 && challenge !== undefined) {
      phones.forget(callId);
      done(challenge);
    } else throw new Error(`unexpected answer to REGISTER:\n${text}`);
  });
  phones.send(request(phones, user, callId, 1, undefined, features));
}

/** REGISTER with the nonce of an earlier challenge, 200. @param use how often the nonce has been used. */
export function refresh(phones: Phones, user: number, challenge: string, use: number, done: () => void): void {
  const callId = `r${++count}`;
  phones.expect(callId, (text, status) => {
    if (status !== 200) throw new Error(`unexpected answer to a refresh:\n${text}`);
    phones.forget(callId);
    done();
  });
  phones.send(request(phones, user, callId, 1, credentials(user, challenge, 'REGISTER', URI, use)));
}

function request(
  { at }: Phones,
  user: number,
  callId: string,
  cseq: number,
  authorization?: string,
  features = '',
): string {
  return (
    `REGISTER ${URI} SIP/2.0\r\nVia: SIP/2.0/UDP ${at};rport;branch=z9hG4bK${callId}.${cseq}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:u${user}@${DOMAIN}>;tag=${callId}\r\nTo: <sip:u${user}@${DOMAIN}>\r\n` +
    `Call-ID: ${callId}\r\nCSeq: ${cseq} REGISTER\r\nContact: <sip:u${user}@${at}>${features}\r\nExpires: 3600\r\n` +
    `Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nSupported: path\r\nUser-Agent: bench\r\n` +
    `${authorization === undefined ? '' : `Authorization: ${authorization}\r\n`}Content-Length: 0\r\n\r\n`
  );
}
