import { hostOf, shortestAddress } from '../core/endpoint.ts';
import type { Flow } from '../core/flow.ts';
import { CONTACT, P_CALLED_PARTY_ID, parseNameAddr, RECORD_ROUTE, ROUTE } from '../sip/message/header-types.ts';
import type { Message, Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import { isSip, type SipUri } from '../sip/message/uri.ts';
import type { Handsets } from '../store/handsets.ts';
import type { Binding } from '../store/registrations.ts';
import type { Identity } from '../store/subscribers.ts';

export interface PcscfOptions {
  /** Whether requests to a handset say which of its identities was called (setting p_called_party_id). */
  readonly pCalledPartyId: boolean;
}

/** Methods whose requests open a dialog, so that later ones must pass us (TS 24.229 §5.2.6.4). */
const DIALOG_METHODS = ['INVITE', 'SUBSCRIBE', 'REFER'];
const CALLED_PARTY_METHODS = ['INVITE', 'MESSAGE'];

/** The P-CSCF's work on a request towards a handset (TS 24.229 §5.2). */
export class Pcscf implements Handsets {
  readonly #options: PcscfOptions;

  constructor(options: PcscfOptions) {
    this.#options = options;
  }

  towards(binding: Binding, request: Request, called: Identity): Flow {
    const { headers } = request;
    // RFC 3327 §5.3: proxies between the handset and us, in the order it registered through them.
    for (const path of binding.path) headers.addRaw(ROUTE.name, path);
    if (DIALOG_METHODS.includes(request.method)) {
      headers.prepend(RECORD_ROUTE, parseNameAddr(this.routeOn(binding.flow)));
    }
    if (this.#options.pCalledPartyId && CALLED_PARTY_METHODS.includes(request.method)) {
      headers.set(P_CALLED_PARTY_ID, { uri: called.uri, params: Params.none });
    }
    return binding.flow;
  }

  back({ headers }: Message, flow: Flow): Flow {
    const contact = headers.tryGet(CONTACT);
    return contact === undefined || contact === '*' || !isSip(contact.uri) ? flow : reachedOn(flow, contact.uri);
  }

  contactOn(flow: Flow, user: string): string {
    return `sip:${user}@${sentBy(flow)}${transportParameter(flow)}`;
  }

  routeOn(flow: Flow): string {
    return `<sip:${sentBy(flow)};lr${transportParameter(flow)}>`;
  }
}

function sentBy({ local }: Flow): string {
  return `${hostOf(local.address)}:${local.port}`;
}

/** A peer that uses TCP is asked to stay with it: some handsets drop a dialog whose transport changes. */
function transportParameter({ transport }: Flow): string {
  return transport === 'TCP' ? ';transport=tcp' : '';
}

/**
 * Where requests to this contact go. A handset that registers from one port may listen on another (its Contact says
 * so), but only its own address is believed: behind a NAT the way back is the one the REGISTER came.
 */
export function reachedOn(flow: Flow, { host, port }: SipUri): Flow {
  // The ports of a protected handset are those it agreed on.
  if (flow.protected !== undefined) return flow;
  const address = shortestAddress(host.replace(/^\[|\]$/g, ''));
  if (address !== flow.remote.address) return flow;
  return { ...flow, remote: { address, port: port ?? 5060 } };
}
