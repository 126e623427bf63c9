import type { Flow } from '../core/flow.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { Identity, Subscriber } from '../store/subscribers.ts';
import type { Side } from './call-states.ts';
import type { EndReason } from './leg-states.ts';
import type { MediaRow } from './media-row.ts';
import type { PreconditionParty } from './precondition-party.ts';
import type { QosState, Resources } from './resources.ts';

/** The way between the caller and one callee, as features see it. */
export interface CallPath {
  /** Four hexadecimal digits for the log. */
  readonly id: string;
  /** Towards each side. */
  readonly flows: { readonly [side in Side]: Flow };
  /** Who uses preconditions. */
  readonly parties: { readonly [side in Side]: PreconditionParty };
  /** Who is on each side; nobody on ours. */
  readonly users: { readonly [side in Side]?: Subscriber };
  /** Of emergency calls: the service that is called (RFC 5031), without `urn:service:`. */
  readonly emergency?: string;
  /** Where whoever reserves resources for the media reports of them. */
  readonly resources: Resources;
  /** The side that we play ourselves: what it hears it sends back. */
  readonly ours?: Side;
  /** Ends the call. */
  end(why: EndReason): void;
}

/** Something that takes part in every call: the media relay, preconditions, QoS. */
export interface CallFeature {
  readonly name: string;
  /** Makes ready what an offer needs before it is passed on. @throws SipError with the refusal of the offer. */
  prepare?(path: CallPath, from: Side, offer: SessionDescription): Promise<void>;
  /**
   * The answer to an offer, prepared, that changes nothing for the other side, as the other side would have said it;
   * undefined when the other side is to be asked. The offer is then told by `onUnseen`, the answer passes `onSdp`.
   */
  ownAnswer?(path: CallPath, from: Side, offer: SessionDescription): SessionDescription | undefined;
  /** An offer that the other side does not see. */
  onUnseen?(path: CallPath, from: Side, offer: SessionDescription): void;
  /** The offer of this side came to nothing: the session is what it was before (RFC 3261 §14.1). */
  onOfferRefused?(path: CallPath, from: Side): void;
  /** An offer or answer on its way; returns it as the other side shall see it. */
  onSdp?(path: CallPath, from: Side, kind: 'offer' | 'answer', description: SessionDescription): SessionDescription;
  /** How the resources of each media of one leg stand, whenever it is asked. */
  qos?(path: CallPath, side: Side): () => readonly QosState[];
  /** What is shown of the media of one leg, whenever it is asked. */
  medias?(path: CallPath, side: Side): () => readonly MediaRow[];
  /** The callee of this path answered first. */
  onAnswered?(path: CallPath): void;
  /** The path is over: called once, whether or not anything was prepared, never while `prepare` is under way. */
  onEnded?(path: CallPath): void;
}

/** The emergency service an identity stands for, for `CallPath.emergency`. */
export function emergencyOf({ uri }: Identity): { readonly emergency?: string } {
  const [, service] =
    'opaque' in uri && uri.scheme === 'urn' ? (/^service:(sos(?:\.[a-z-]+)*)$/i.exec(uri.opaque) ?? []) : [];
  return service === undefined ? {} : { emergency: service.toLowerCase() };
}
