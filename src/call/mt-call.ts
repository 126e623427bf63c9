import { randomHex } from '../core/random.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { header, makeRequest } from '../sip/message/build.ts';
import { CONTACT, parseNameAddr } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import type { Binding } from '../store/registrations.ts';
import type { Identity } from '../store/subscribers.ts';
import type { CallParts } from './call-parts.ts';
import { DialogRecord } from './dialog-record.ts';
import { PathFeatures } from './features.ts';
import { legTowards } from './invitation.ts';
import type { Caller } from './invite.ts';
import type { EndReason } from './leg-states.ts';
import { NO_PARTY, preconditionParty } from './precondition-party.ts';
import { Resources, resourcesLost } from './resources.ts';
import { ServerCall } from './server-call.ts';

export interface MtCallOptions {
  readonly caller: Caller;
  readonly called: Identity;
  /** The called user's phones, all of which ring. */
  readonly bindings: readonly Binding[];
  readonly offer: SessionDescription;
  /** How long it lasts once it is answered; undefined: until somebody ends it. */
  readonly durationMs: number | undefined;
}

/** What stands for the INVITE of a handset: multimedia telephony (TS 24.173). */
const MMTEL = '+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"';
const SERVICE = 'urn:urn-7:3gpp-service.ims.icsi.mmtel';

/** A call of our own making: phones ring, and hear what they say. */
export class MtCall extends ServerCall {
  readonly #options: MtCallOptions;

  constructor(parts: CallParts, options: MtCallOptions, onGone: () => void) {
    const { caller, called, bindings, offer, durationMs } = options;
    const { clock, random, callTimers } = parts;
    const facts = {
      ours: 'caller',
      offer,
      subscribers: [...new Set(bindings.map(({ subscriber }) => subscriber))],
      records: bindings.map(() => new DialogRecord(clock, random, 'mt call', caller.identity.text, called.text)),
      timers: { ...callTimers, durationMs },
      ringOnly: called.ringOnly,
    } as const;
    super(parts, facts, onGone);
    this.#options = options;
    this.begin();
    for (const binding of bindings) void this.#call(binding);
  }

  async #call(binding: Binding): Promise<void> {
    const { random, features, logger } = this.parts;
    const { flow } = binding;
    const path = {
      id: randomHex(random, 2),
      flows: { caller: flow, callee: flow },
      ours: 'caller',
      // Preconditions are between us and the phone: our own access is always ready.
      parties: {
        caller: { ...NO_PARTY, policy: 'force-ready' },
        callee: preconditionParty(binding.subscriber, this.#options.called, binding.features.mmtel),
      },
      users: { callee: binding.subscriber },
      resources: new Resources((_side, what) => this.stop(resourcesLost(what))),
      end: (why: EndReason) => this.stop(why),
    } as const;
    const own = new PathFeatures(features, path, logger);
    const number = this.addParty(own);
    try {
      const outcome = await own.prepare('caller', this.facts.offer);
      if (outcome === undefined) return;
      if (outcome.type === 'mediaRefused') this.dispatch({ type: 'refused', branch: number, refusal: outcome.refusal });
      else this.#invite(number, binding, own);
    } catch (error) {
      logger.error(() => `mt call: ${error instanceof Error ? error.stack : String(error)}`);
      this.dispatch({ type: 'refused', branch: number, refusal: { status: 500 } });
    }
  }

  #invite(number: number, binding: Binding, features: PathFeatures): void {
    const { caller, called } = this.#options;
    const { offer } = this.facts;
    const original = originalOf(offer);
    const sdp = features.pass('caller', 'offer', offer);
    const record = this.records[number] as DialogRecord;
    const invitation = { original, caller, called, binding, record, sdp };
    const leg = legTowards(this.parts, invitation, (report) => this.reports(number, report, offer));
    this.setLeg(number, leg);
    leg.start();
  }
}

/** The INVITE we make ours from: what a handset's would say end to end. */
function originalOf({ media }: SessionDescription): Request {
  const tags = new Set(media.map((one) => one.media).filter((one) => one === 'audio' || one === 'video'));
  const request = makeRequest('INVITE', 'sip:ims', [
    header(CONTACT, parseNameAddr(`<sip:ims@ims.invalid>;${[MMTEL, ...tags].join(';')}`)),
  ]);
  request.headers.addRaw('Accept-Contact', `*;${MMTEL}`);
  request.headers.addRaw('P-Preferred-Service', SERVICE);
  return request;
}
