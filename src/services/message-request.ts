import type { Flow } from '../core/flow.ts';
import { type Random, randomHex } from '../core/random.ts';
import { type HeaderValue, header, makeRequest } from '../sip/message/build.ts';
import { CALL_ID, CONTENT_TYPE, CSEQ, FROM, MAX_FORWARDS, type NameAddr, TO } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import type { Uri } from '../sip/message/uri.ts';
import type { Transactions } from '../sip/transaction/user.ts';
import type { Handsets } from '../store/handsets.ts';
import type { Registrations } from '../store/registrations.ts';

/** What serves MESSAGE needs. */
export interface MessageParts {
  readonly random: Random;
  readonly transactions: Transactions;
  readonly handsets: Handsets;
  readonly registrations: Registrations;
  /** To tags of our responses. */
  readonly toTag: (request: Request) => string;
  /** What is sent from here on waits until what this turn changes is on disk. */
  readonly expectChange: () => void;
}

export interface MessageContent {
  /** Media type with its parameters. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** A MESSAGE of ours (RFC 3428 §4). From gets a tag, which some phones demand although no dialog follows. */
export function makeMessage(
  random: Random,
  uri: string,
  from: NameAddr,
  to: Uri,
  content: MessageContent,
  headers: readonly HeaderValue[] = [],
): Request {
  const request = makeRequest(
    'MESSAGE',
    uri,
    [
      header(MAX_FORWARDS, 70),
      header(FROM, { ...from, params: Params.of({ tag: randomHex(random, 8) }) }),
      header(TO, { uri: to, params: Params.none }),
      header(CALL_ID, randomHex(random, 16)),
      header(CSEQ, { number: 1, method: 'MESSAGE' }),
      ...headers,
    ],
    content.body,
  );
  request.headers.addRaw(CONTENT_TYPE.name, content.type);
  return request;
}

/** Sends it; `done` gets the final response, undefined when none comes. */
export function sendMessage(
  transactions: Transactions,
  request: Request,
  flow: Flow,
  done: (response: Response | undefined) => void,
): void {
  transactions.request(request, flow, {
    onResponse(response) {
      if (response.status >= 200) done(response);
    },
    onFailure: () => done(undefined),
  });
}

export function isAccepted(response: Response | undefined): boolean {
  return response !== undefined && response.status < 300;
}
