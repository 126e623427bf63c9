import type { Avp } from './avp.ts';
import { type Capabilities, commonApplications } from './capabilities.ts';
import { applicationName } from './command.ts';
import { avp, find, need } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';
import type { Identity } from './routing.ts';

/** What the peer said of itself. */
export class KnownPeer {
  #identity: Identity | undefined;
  #served: readonly number[] = [];
  #stateId: number | undefined;

  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Of our applications, those it serves. */
  get served(): readonly number[] {
    return this.#served;
  }

  /**
   * Takes what a CEA says.
   * @returns which of our applications it lacks, in words; undefined when it has them all. @throws AvpError
   */
  introduced(answer: DiameterMessage, own: Capabilities): string | undefined {
    this.#served = commonApplications(answer, own);
    this.#identity = { host: need(answer.avps, 'Origin-Host'), realm: need(answer.avps, 'Origin-Realm') };
    const missing = own.applications.filter((one) => !this.#served.includes(one));
    return missing.length === 0 ? undefined : `it does not serve ${missing.map(applicationName).join(' or ')}`;
  }

  /** Whether the message shows that it has lost the state of its sessions (RFC 6733 §8.16, Origin-State-Id). */
  hasRestarted({ avps }: DiameterMessage): boolean {
    const id = find(avps, 'Origin-State-Id');
    // A relay hands on what others say of themselves.
    if (id === undefined || id === 0 || find(avps, 'Origin-Host') !== this.#identity?.host) return false;
    const before = this.#stateId;
    this.#stateId = id;
    return before !== undefined && id > before;
  }

  /** Where requests go (RFC 6733 §6.1.4); by realm alone before it is known who the peer is. */
  destination(ownRealm: string): readonly Avp[] {
    if (this.#identity === undefined) return [avp('Destination-Realm', ownRealm)];
    return [avp('Destination-Host', this.#identity.host), avp('Destination-Realm', this.#identity.realm)];
  }
}
