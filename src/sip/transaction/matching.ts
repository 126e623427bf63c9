/**
 * What makes two requests one transaction (RFC 3261 §17.2.3), as keys of maps. Parts of a key are joined by line
 * feeds, which no header value holds.
 * Every function here throws MalformedError when a header it needs is malformed.
 */
import type { Flow } from '../../core/flow.ts';
import { CALL_ID, CSEQ, FROM, TO, tagOf, VIA, type Via } from '../message/header-types.ts';
import type { Request } from '../message/message.ts';

const COOKIE = 'z9hG4bK';

/** A branch of ours around `unique` (RFC 3261 §8.1.1.7). */
export function makeBranch(unique: string): string {
  return COOKIE + unique;
}

/**
 * The key of the transaction that `request` is in when its method is taken for `method`: an ACK belongs to its
 * INVITE, a CANCEL looks for it. Sent-by is part of it, since two peers may choose the same branch; requests of RFC
 * 2543 peers, whose branch names no transaction, are known by their other headers.
 * @param toTag the To tag to take for the request's own.
 * @returns undefined when the request has no Via.
 */
export function transactionKey(
  request: Request,
  method = request.method,
  toTag = tagOf(request.headers.get(TO)),
): string | undefined {
  const via = request.headers.get(VIA);
  if (via === undefined) return undefined;
  const sender = `${via.params.get('branch') ?? ''}\n${via.host}\n${via.port ?? 5060}\n${method}`;
  if (hasBranch(via)) return detached(sender);
  const { uri, headers } = request;
  const from = tagOf(headers.get(FROM));
  return detached(
    `${sender}\n${uri}\n${toTag ?? ''}\n${from ?? ''}\n${headers.get(CALL_ID)}\n${headers.get(CSEQ)?.number}`,
  );
}

/**
 * The key an RFC 2543 peer's ACK will have: its To tag is that of the response it acknowledges.
 * @returns undefined when the branch is enough to find the transaction.
 */
export function legacyAckKey(invite: Request, responseToTag: string | undefined): string | undefined {
  const via = invite.headers.get(VIA);
  return via === undefined || hasBranch(via) ? undefined : transactionKey(invite, 'INVITE', responseToTag);
}

/** A branch that is the cookie alone names no transaction (RFC 4475 §3.2.1). */
function hasBranch(via: Via): boolean {
  const branch = via.params.get('branch');
  return branch !== undefined && branch.length > COOKIE.length && branch.startsWith(COOKIE);
}

/**
 * The key that copies of one request share when they came over different paths (RFC 3261 §8.2.2.2). What comes in a
 * handset's security associations was copied by nobody, whatever somebody else sends under its Call-ID.
 * @returns undefined inside a dialog, where there are no such copies.
 */
export function mergeKey({ method, headers }: Request, { protected: set }: Flow): string | undefined {
  if (tagOf(headers.get(TO)) !== undefined) return undefined;
  return detached(
    `${set?.association ?? ''}\n${headers.get(CALL_ID)}\n${headers.get(CSEQ)?.number}\n${method}\n${tagOf(headers.get(FROM)) ?? ''}`,
  );
}

/**
 * What a CANCEL shares with its INVITE beside the branch: the hop it came from (RFC 3261 §22.1; it cannot be challenged),
 * Call-ID, CSeq number and From tag (§9.1). The address and protection alone, since a long request may have come over TCP.
 */
export function hopKey({ headers }: Request, { remote, protected: set }: Flow): string {
  const from = tagOf(headers.get(FROM)) ?? '';
  return detached(
    `${remote.address} ${set?.association ?? ''}\n${headers.get(CALL_ID)}\n${headers.get(CSEQ)?.number}\n${from}`,
  );
}

/**
 * The key as a string of its own. V8 keeps joined strings as references to their parts, and a part of a received
 * message keeps the whole message's text in memory: several kilobytes for 64·T1. Reading a character joins them.
 */
function detached(key: string): string {
  return key.charCodeAt(0) >= 0 ? key : '';
}
