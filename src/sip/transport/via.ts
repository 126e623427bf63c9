/**
 * The topmost Via: where a request came from is written into it (RFC 3261 §18.2.1, RFC 3581 §4), and where its response
 * goes is read from it (RFC 3261 §18.2.2). A `maddr` is not followed: no phone asks for multicast, and a stranger could
 * have us send to whomever he likes.
 */
import { type Endpoint, shortestAddress } from '../../core/endpoint.ts';
import { MalformedError } from '../../core/errors.ts';
import { VIA, type Via } from '../message/header-types.ts';
import type { Headers } from '../message/headers.ts';
import { KEEP_INTERVAL_S } from './keep-alive.ts';

/** RFC 3261 §18.2.2: where a response goes when sent-by names no port. */
const DEFAULT_PORT = 5060;

/**
 * Adds `received`, fills `rport` and answers `keep` (RFC 6223) in the topmost Via; the other Vias stay as they are.
 * @returns the Via as its sender wrote it.
 * @throws MalformedError when there is no Via, or the topmost cannot be read.
 */
export function stampVia(headers: Headers, source: Endpoint): Via {
  const via = topVia(headers);
  let { params } = via;
  const asksPort = params.has('rport');
  if (asksPort) params = params.with('rport', String(source.port));
  // RFC 3581 §4: with rport, `received` is there even when it says what sent-by says.
  if (asksPort || !isSentBy(via, source.address)) params = params.with('received', source.address);
  if (params.get('keep') === '') params = params.with('keep', String(KEEP_INTERVAL_S));
  if (params !== via.params) headers.replaceFirst(VIA, { ...via, params });
  return via;
}

/**
 * Reads the topmost Via of a request of another SIP version as one of ours, so that the 505 it is owed finds its way
 * (RFC 4475 §3.1.2.16). @throws MalformedError when it cannot be read as one.
 */
export function translateVia(headers: Headers): void {
  headers.replaceFirst(VIA, VIA.parse((headers.raw(VIA.name) ?? '').replace(/^SIP *\/ *[0-9.]+/i, 'SIP/2.0')));
}

/** @throws MalformedError when there is none, or it cannot be read. */
export function topVia(headers: Headers): Via {
  const via = headers.get(VIA);
  if (via === undefined) throw new MalformedError('Via missing');
  return via;
}

/** Whether sent-by is this address itself and not a name or another address. */
export function isSentBy(via: Via, address: string): boolean {
  const host = via.host.startsWith('[') ? via.host.slice(1, -1) : via.host;
  return host === address || shortestAddress(host) === address;
}

/** The port that sent-by names: where its sender listens. */
export function sentByPort(via: Via): number {
  return via.port ?? DEFAULT_PORT;
}
