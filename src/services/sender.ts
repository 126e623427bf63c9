import { sameEndpoint } from '../core/endpoint.ts';
import { type Flow, samePeer } from '../core/flow.ts';
import { CONTACT } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { sameUri } from '../sip/message/uri.ts';
import type { Binding } from '../store/registrations.ts';

/** Whether a request came from this handset: in its associations, from its port, or with its Contact over another connection. */
export function isSentBy({ flow, contact }: Binding, request: Request, from: Flow): boolean {
  if (flow.protected !== undefined) return samePeer(flow, from);
  if (sameEndpoint(flow.remote, from.remote)) return true;
  const sender = request.headers.tryGet(CONTACT);
  if (sender === undefined || sender === '*') return false;
  return flow.remote.address === from.remote.address && sameUri(contact.uri, sender.uri);
}
