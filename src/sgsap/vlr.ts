/** The VLR of SGs (TS 29.118 §4.3): MMEs connect to it, and UEs are associated with it by their location updates. */
import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import { type Random, randomBelow } from '../core/random.ts';
import type { Tap } from '../core/tap.ts';
import type { SctpAssociation, SctpHandler, SctpListener, SctpNet } from '../net/ports.ts';
import { ASSOCIATION_MACHINE, type AssociationContext } from './association.ts';
import type { AssociationEffect, AssociationEvent, AssociationState, UeMessage } from './association-states.ts';
import { Link } from './link.ts';
import type { SgsMessage } from './message.ts';
import { universalTime } from './mm-information.ts';
import type { Mme } from './mme.ts';
import { type MmeRow, Mmes, MOST_LINKS } from './mmes.ts';

export interface VlrParts {
  readonly net: SctpNet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly tap: Tap;
  /** Runs what sends, after the commit of what it tells. */
  readonly afterCommit: (run: () => void) => void;
}

export interface VlrOptions {
  /** Where MMEs connect. */
  readonly endpoint: Endpoint;
  /** The VLR's name, a domain name (TS 23.003 §13.6). */
  readonly name: string;
  /** Local time minus universal time at an instant since 1970, minutes. */
  readonly zoneMinutes: (wallNow: number) => number;
}

/** Whoever serves the UEs. */
export interface VlrUser {
  /** @returns why the UE may not be served, see causes.ts; undefined when it may. */
  admit(imsi: string): number | undefined;
  /** The UE can be paged (again). */
  available(imsi: string): void;
  /** The UE answered the paging. @param imeisv where the MME tells. */
  connected(imsi: string, imeisv: string | undefined): void;
  /** The paging failed, or the radio connection is gone. */
  unreachable(imsi: string, why: string): void;
  /** A NAS message of the UE. */
  uplink(imsi: string, nas: Uint8Array, details: UplinkDetails): void;
}

export interface UplinkDetails {
  readonly imeisv: string | undefined;
  /** Whether it may be answered; otherwise the VLR does not have the UE, and has told the MME. */
  readonly associated: boolean;
}

type UeMachine = Machine<AssociationState, AssociationEvent, AssociationEffect, AssociationContext>;

interface Ue {
  readonly machine: UeMachine;
  readonly imsi: string;
  mme: Mme;
  equipment: readonly string[];
  /** The last one given to it, and what it was given for. */
  tmsi: { readonly value: number; confirmed: boolean } | undefined;
}

/** SGsAP has no payload protocol identifier of its own. */
const PPID = 0;
/** §9.4.2. */
const IMSI_ATTACH = 1;
/** §9.4.20: the UE has none. */
const NO_VALID_TMSI = 0;

export class Vlr {
  readonly #parts: VlrParts;
  readonly #options: VlrOptions;
  readonly #mmes: Mmes;
  readonly #ues = new Map<string, Ue>();
  readonly #tmsis = new Set<number>();
  #listener: SctpListener | undefined;
  /** Needs the VLR, so it comes after it. */
  user: VlrUser | undefined;

  constructor(parts: VlrParts, options: VlrOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#mmes = new Mmes(parts.clock, options.name);
  }

  /** Rejects as SctpNet.listenSctp does. */
  async open(): Promise<SctpListener> {
    const { net } = this.#parts;
    this.#listener = await net.listenSctp({ ...this.#options.endpoint, ppid: PPID }, (one) => this.#accept(one));
    return this.#listener;
  }

  close(): void {
    this.#listener?.close();
    this.#mmes.close();
    for (const { machine } of this.#ues.values()) machine.abandon();
  }

  /** Whether the UE is associated through an MME that is connected. */
  reaches(imsi: string): boolean {
    const ue = this.#ues.get(imsi);
    return ue?.machine.state.name === 'SGs-ASSOCIATED' && ue.mme.link !== undefined;
  }

  /** IMEISVs of the phones heard of with this IMSI, the latest last; none where the MME does not tell them. */
  equipmentOf(imsi: string): readonly string[] {
    return this.#ues.get(imsi)?.equipment ?? [];
  }

  /** Pages the UE; answered by `connected` or `unreachable`, at once where it is connected or unknown. */
  page(imsi: string): void {
    const ue = this.#ues.get(imsi);
    if (ue === undefined || !this.reaches(imsi)) this.user?.unreachable(imsi, 'not associated');
    else this.#dispatch(ue, { type: 'page' });
  }

  /** Sends a NAS message to a UE that is connected. */
  downlink(imsi: string, nas: Uint8Array): void {
    this.#to(imsi, { type: 'downlink', nas });
  }

  /** Ends the radio connection: there is nothing more to send. */
  release(imsi: string): void {
    this.#to(imsi, { type: 'release' });
  }

  mmes(): readonly MmeRow[] {
    return this.#mmes.rows();
  }

  #accept(association: SctpAssociation): SctpHandler {
    const { logger } = this.#parts;
    const link = new Link(association, this.#parts, (message) => this.#receive(link, message));
    if (this.#mmes.isFull) {
      logger.warn(`there are ${MOST_LINKS} connections already`, { id: link.peer });
      association.abort();
      return { onMessage() {}, onClose() {} };
    }
    logger.info('MME connected', { id: link.peer });
    const { mme, isBack } = this.#mmes.connected(link);
    if (isBack) this.#cameBack(mme);
    return {
      onMessage: (octets) => link.receive(octets),
      onClose: (error) => this.#closed(link, error),
    };
  }

  #closed(link: Link, error: Error | undefined): void {
    const { logger } = this.#parts;
    if (error === undefined) logger.info('MME disconnected', { id: link.peer });
    else logger.warn(`MME disconnected: ${error.message}`, { id: link.peer });
    const mme = this.#mmes.disconnected(link);
    if (mme === undefined) return;
    for (const ue of this.#uesOf(mme)) this.#dispatch(ue, { type: 'disconnected' });
  }

  #receive(link: Link, message: SgsMessage): void {
    const { mme, isBack } = this.#mmes.of(link, 'mmeName' in message ? message.mmeName : undefined);
    if (isBack) this.#cameBack(mme);
    switch (message.type) {
      case 'RESET-INDICATION':
        // §5.8: the MME lost its associations.
        for (const ue of this.#uesOf(mme)) this.#dispatch(ue, { type: 'reset' });
        link.send({ type: 'RESET-ACK', vlrName: this.#options.name });
        return;
      case 'RESET-ACK':
        mme.resetDone();
        return;
      case 'LOCATION-UPDATE-REQUEST':
      case 'TMSI-REALLOCATION-COMPLETE':
      case 'SERVICE-REQUEST':
      case 'PAGING-REJECT':
      case 'UPLINK-UNITDATA':
      case 'ALERT-ACK':
      case 'ALERT-REJECT':
      case 'UE-ACTIVITY-INDICATION':
      case 'EPS-DETACH-INDICATION':
      case 'IMSI-DETACH-INDICATION':
      case 'MO-CSFB-INDICATION':
      case 'UE-UNREACHABLE':
        this.#ofUe(link, mme, message.imsi, message);
        return;
      case 'STATUS':
        this.#parts.logger.warn(`the MME did not understand: SGs cause ${message.sgsCause}`, { id: link.peer });
        if (message.imsi !== undefined && this.#ues.has(message.imsi)) this.#ofUe(link, mme, message.imsi, message);
        return;
      default:
        this.#parts.logger.warn(`${message.type} is no message of an MME`, { dir: 'FROM', id: link.peer });
    }
  }

  /** Its UEs can be paged again. */
  #cameBack(mme: Mme): void {
    for (const { imsi } of this.#uesOf(mme)) this.user?.available(imsi);
  }

  #uesOf(mme: Mme): readonly Ue[] {
    return [...mme.ues].flatMap((imsi) => this.#ues.get(imsi) ?? []);
  }

  #ofUe(link: Link, from: Mme, imsi: string, message: UeMessage): void {
    const known = this.#ues.get(imsi);
    const mme = known === undefined ? from : this.#mmes.speakingFor(known.mme, link);
    const isUpdate = message.type === 'LOCATION-UPDATE-REQUEST';
    // An MME the UE has left speaks for a UE that is not associated.
    const ue = known !== undefined && (isUpdate || known.mme === mme) ? known : this.#make(imsi, mme);
    if (isUpdate) this.#serve(ue, mme);
    if ('imeisv' in message && message.imeisv !== undefined) hear(ue, message.imeisv);
    if (message.type === 'TMSI-REALLOCATION-COMPLETE' && ue.tmsi !== undefined) ue.tmsi.confirmed = true;
    this.#dispatch(ue, { type: 'message', message });
  }

  #serve(ue: Ue, mme: Mme): void {
    const before = ue.mme;
    ue.mme = mme;
    if (before !== mme) this.#leave(ue, before);
    mme.ues.add(ue.imsi);
  }

  #leave({ imsi }: Ue, mme: Mme): void {
    mme.ues.delete(imsi);
    this.#mmes.forget(mme);
  }

  #make(imsi: string, mme: Mme): Ue {
    const { clock, logger } = this.#parts;
    const context = { imsi, vlrName: this.#options.name };
    const machine: UeMachine = new Machine(ASSOCIATION_MACHINE, { name: 'SGs-NULL' }, clock, context, {
      perform: (effect) => this.#perform(ue, effect),
      onUnexpected: (state, event) => {
        const what = event.type === 'message' ? event.message.type : event.type;
        logger.info(`${imsi}: ${what} is not expected in ${state.name}`, { id: mme.link?.peer ?? mme.address });
      },
    });
    const ue: Ue = { machine, imsi, mme, equipment: [], tmsi: undefined };
    return ue;
  }

  #dispatch(ue: Ue, event: AssociationEvent): void {
    const { imsi, machine } = ue;
    // Present while it is worked on: whoever is told may ask for it.
    if (!this.#ues.has(imsi)) this.#ues.set(imsi, ue);
    machine.dispatch(event);
    if (machine.state.name !== 'SGs-NULL') return;
    machine.abandon();
    if (ue.tmsi !== undefined) this.#tmsis.delete(ue.tmsi.value);
    if (this.#ues.get(imsi) !== ue) return;
    this.#ues.delete(imsi);
    this.#leave(ue, ue.mme);
  }

  #perform(ue: Ue, effect: AssociationEffect): void {
    const { imsi, mme } = ue;
    switch (effect.type) {
      case 'send':
        mme.send(effect.message);
        break;
      case 'admit':
        this.#admit(ue, effect.request);
        break;
      case 'associated':
      case 'available':
        this.user?.available(imsi);
        break;
      case 'connected':
        this.user?.connected(imsi, effect.imeisv);
        break;
      case 'unreachable':
        this.user?.unreachable(imsi, effect.why);
        break;
      case 'uplink':
        this.user?.uplink(imsi, effect.nas, {
          imeisv: effect.imeisv ?? ue.equipment.at(-1),
          associated: effect.associated,
        });
        break;
    }
  }

  #admit(ue: Ue, request: SgsMessage<'LOCATION-UPDATE-REQUEST'>): void {
    const { clock, logger } = this.#parts;
    const { imsi } = ue;
    const cause = this.user?.admit(imsi);
    if (cause !== undefined) {
      logger.warn(`${imsi}: location update refused, cause ${cause}`, { id: ue.mme.link?.peer ?? ue.mme.address });
      ue.machine.dispatch({ type: 'refused', cause });
      return;
    }
    const wallNow = clock.wallNow();
    const attached = request.locationUpdateType === IMSI_ATTACH;
    const mmInformation = attached ? universalTime(wallNow, this.#options.zoneMinutes(wallNow)) : undefined;
    ue.machine.dispatch({ type: 'accepted', tmsi: this.#newTmsi(ue, request), mmInformation });
  }

  /** For a UE that has none of ours, or never confirmed it (§5.2.3). */
  #newTmsi(ue: Ue, { locationUpdateType, tmsiStatus }: SgsMessage<'LOCATION-UPDATE-REQUEST'>): number | undefined {
    const isGood = ue.tmsi?.confirmed === true && tmsiStatus !== NO_VALID_TMSI;
    if (isGood && locationUpdateType !== IMSI_ATTACH) return undefined;
    if (ue.tmsi !== undefined) this.#tmsis.delete(ue.tmsi.value);
    let value: number;
    // TS 23.003 §2.4: the two highest bits set are the packet domain's.
    do value = randomBelow(this.#parts.random, 0xc000_0000);
    while (this.#tmsis.has(value));
    this.#tmsis.add(value);
    ue.tmsi = { value, confirmed: false };
    return value;
  }

  #to(imsi: string, event: AssociationEvent): void {
    const ue = this.#ues.get(imsi);
    if (ue !== undefined) this.#dispatch(ue, event);
  }
}

/** Several phones may have one test SIM; more than a few are not remembered. */
const MOST_PHONES = 8;

function hear(ue: Ue, imeisv: string): void {
  if (ue.equipment.at(-1) === imeisv) return;
  ue.equipment = [...ue.equipment.filter((one) => one !== imeisv), imeisv].slice(-MOST_PHONES);
}
