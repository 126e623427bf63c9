import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Flow } from '../core/flow.ts';
import type { Logger } from '../core/logger.ts';
import { Machine } from '../core/machine.ts';
import type { Originator } from '../services/service.ts';
import { ALLOW_HEADER, SUPPORTED_HEADER } from '../sip/dialog/capabilities.ts';
import { responseTo } from '../sip/message/build.ts';
import { CALL_ID, CSEQ, PATH, parseNameAddr, SERVICE_ROUTE, SUPPORTED } from '../sip/message/header-types.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { SipError } from '../sip/message/sip-error.ts';
import { printUri } from '../sip/message/uri.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Handsets } from '../store/handsets.ts';
import {
  type Binding,
  isEmergency,
  type RegistrationChange,
  type Registrations,
  type Removal,
} from '../store/registrations.ts';
import type { Subscriber } from '../store/subscribers.ts';
import { type AskedContact, askedContacts, findBinding, grantedContact, makeBinding } from './contacts.ts';
import { CONTACT_MACHINE, type ContactEffect, type ContactMachineEvent, type ContactState } from './registration.ts';
import type { ToTags } from './to-tags.ts';

export interface RegistrarOptions {
  /** Seconds granted when a REGISTER asks for no time (setting binding_expires). */
  readonly bindingExpires: number;
}

/** Contacts of one user: all of them ring, and stand in each 200. */
const MOST_BINDINGS = 64;

export interface RegistrarParts {
  /** Whether something is a socket we listen on. */
  readonly isOurs: (endpoint: Endpoint) => boolean;
  readonly clock: Clock;
  readonly toTags: ToTags;
  readonly logger: Logger;
  readonly registrations: Registrations;
  readonly handsets: Handsets;
}

type ContactMachine = Machine<ContactState, ContactMachineEvent, ContactEffect, undefined>;

/** The S-CSCF's registrar (RFC 3261 §10.3, TS 24.229 §5.4.1) for users that have been authenticated. */
export class Registrar {
  readonly #parts: RegistrarParts;
  readonly #options: RegistrarOptions;
  /** The machine of each contact, by what names a binding for its whole life. */
  readonly #machines = new Map<string, ContactMachine>();
  #ids = 0;

  constructor(parts: RegistrarParts, options: RegistrarOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * Does what an authenticated REGISTER asks and answers 200.
   * @throws SipError 400, 423, or 500 for an older CSeq.
   */
  register(transaction: ServerTransaction, originator: Originator): void {
    const { request, flow } = transaction;
    const { subscriber } = originator;
    const change = this.#asked(request, flow, originator);
    if (change !== undefined) this.#apply(change);
    transaction.respond(this.#accepted(request, subscriber, flow));
    // The phone has its 200 before it is notified of what it asked for.
    if (change !== undefined) this.#parts.registrations.changed.call(change);
  }

  /** Goes on with the bindings of before a restart; those that were not refreshed meanwhile end, as they would have. */
  resume(): void {
    const now = this.#parts.clock.now();
    for (const binding of [...this.#parts.registrations.all()].flat()) {
      if (binding.expiresAt <= now) this.#expired(binding);
      else this.#machine(binding).dispatch({ type: 'bind', expiresAt: binding.expiresAt });
    }
  }

  /** Ends bindings from the network's side; `deactivated` makes a phone register again, `rejected` does not. */
  deregister(bindings: readonly Binding[], event: 'deactivated' | 'rejected'): void {
    const [first] = bindings;
    if (first === undefined) return;
    const change = {
      subscriber: first.subscriber,
      bound: [],
      removed: bindings.map((binding) => removal(binding, event)),
    };
    this.#apply(change);
    this.#parts.registrations.changed.call(change);
  }

  /**
   * Shortens bindings so that their phones, told so by NOTIFY, register and authenticate anew before they end
   * (TS 24.229 §5.4.1.6).
   */
  reauthenticate(bindings: readonly Binding[], withinMs: number): void {
    const expiresAt = this.#parts.clock.now() + withinMs;
    const bound = bindings
      .filter((binding) => binding.expiresAt > expiresAt)
      .map((binding): Binding => ({ ...binding, expiresAt, event: 'shortened' }));
    const [first] = bound;
    if (first === undefined) return;
    const change = { subscriber: first.subscriber, bound, removed: [] };
    this.#apply(change);
    this.#parts.registrations.changed.call(change);
  }

  /** What a REGISTER changes; undefined when it only asks. */
  #asked(request: Request, flow: Flow, originator: Originator): RegistrationChange | undefined {
    const { subscriber } = originator;
    const bindings = this.#parts.registrations.of(subscriber);
    const asked = askedContacts(request, this.#options.bindingExpires);
    if (asked === 'all') {
      for (const binding of bindings) checkOrder(request, binding);
      return { subscriber, bound: [], removed: bindings.map((binding) => removal(binding, 'unregistered')) };
    }
    const pairs = asked.map((one) => ({ one, before: findBinding(bindings, one.contact) }));
    for (const { before } of pairs) if (before !== undefined) checkOrder(request, before);
    const bound = this.#bind(pairs, request, flow, originator);
    this.#checkReach(bound);
    const removals = pairs.flatMap(({ one, before }) => (one.expires === 0 && before !== undefined ? [before] : []));
    // A contact may be named twice; it ends once.
    const ended = [...new Set(removals)];
    const replaced = subscriber.multiSim ? [] : bindings.filter((old) => isReplaced(old, pairs, bound));
    const removed = [
      ...ended.map((binding) => removal(binding, 'unregistered')),
      ...[...replaced, ...excess(bindings, [...ended, ...replaced], bound)].map((binding) =>
        removal(binding, 'rejected', bound),
      ),
    ];
    return bound.length === 0 && removed.length === 0 ? undefined : { subscriber, bound, removed };
  }

  /** @throws SipError 403 for a contact that is this server, where calls would go round. */
  #checkReach(bound: readonly Binding[]): void {
    const own = bound.find(({ flow }) => this.#parts.isOurs(flow.remote));
    if (own !== undefined) throw new SipError(403, `${printUri(own.contact.uri)} is this server itself, no phone`);
  }

  #bind(
    pairs: readonly { one: AskedContact; before: Binding | undefined }[],
    request: Request,
    flow: Flow,
    originator: Originator,
  ): Binding[] {
    const { subscriber } = originator;
    return pairs
      .filter(({ one }) => one.expires > 0)
      .map(({ one, before }) =>
        makeBinding(one, request, flow, originator, before, () => this.#newId(subscriber), this.#parts.clock),
      );
  }

  #apply(change: RegistrationChange): void {
    const { bound, removed } = change;
    const { logger } = this.#parts;
    for (const { binding } of removed) this.#machine(binding).dispatch({ type: 'remove' });
    for (const binding of bound) this.#machine(binding).dispatch({ type: 'bind', expiresAt: binding.expiresAt });
    this.#parts.registrations.change(change);
    for (const binding of bound) {
      logger.info(() => `Register ${place(binding)}`, { dir: '-', id: binding.id });
    }
    for (const { binding, event } of removed) {
      const why =
        event === 'rejected' && bound.length > 0 ? 'a newer registration took its place (multi_sim is off)' : event;
      logger.info(() => `Contact ${printUri(binding.contact.uri)} ended: ${why}`, { dir: '-', id: binding.id });
    }
  }

  #machine(binding: Binding): ContactMachine {
    const key = `${binding.subscriber.impi} ${binding.id}`;
    const known = this.#machines.get(key);
    if (known !== undefined) return known;
    const machine: ContactMachine = new Machine(CONTACT_MACHINE, { name: 'init' }, this.#parts.clock, undefined, {
      perform: () => this.#expired(binding),
      onFinal: () => this.#machines.delete(key),
    });
    this.#machines.set(key, machine);
    return machine;
  }

  #expired({ subscriber, id }: Binding): void {
    const binding = this.#parts.registrations.of(subscriber).find((one) => one.id === id);
    if (binding === undefined) return;
    const change = { subscriber, bound: [], removed: [removal(binding, 'expired')] };
    this.#parts.registrations.change(change);
    this.#parts.registrations.changed.call(change);
    this.#parts.logger.info(`${subscriber.impi} did not refresh ${printUri(binding.contact.uri)}: expired`, {
      dir: '-',
      id,
    });
  }

  /** The 200 with what a handset reads from it (TS 24.229 §5.4.1.2.2F; order of identities as configured). */
  #accepted(request: Request, subscriber: Subscriber, flow: Flow): Response {
    const { clock, toTags, handsets, registrations } = this.#parts;
    const bindings = registrations.of(subscriber);
    const response = responseTo(request, 200, {
      toTag: toTags.of(request),
      headers: [...bindings.map((binding) => grantedContact(binding, clock.now())), ALLOW_HEADER, SUPPORTED_HEADER],
    });
    if (bindings.length === 0) return response;
    // One line: some handsets read only the first (and end when there are two).
    response.headers.addRaw('P-Associated-URI', subscriber.identities.map(({ text }) => `<${text}>`).join(', '));
    response.headers.add(SERVICE_ROUTE, parseNameAddr(handsets.routeOn(flow)));
    if (request.headers.all(SUPPORTED).some((name) => name.toLowerCase() === 'path')) {
      response.headers.copy(PATH.name, request.headers);
      response.headers.add(PATH, parseNameAddr(handsets.routeOn(flow)));
    }
    return response;
  }

  /** One that none of the subscriber's bindings has, restored ones among them. */
  #newId(subscriber: Subscriber): string {
    const bindings = this.#parts.registrations.of(subscriber);
    for (;;) {
      this.#ids = (this.#ids + 1) % 65_536;
      const id = this.#ids.toString(16).padStart(4, '0');
      if (bindings.every((binding) => binding.id !== id)) return id;
    }
  }
}

/** `user@address:port`, as the log of this family names a phone that registered. */
function place({ contact }: Binding): string {
  return printUri(contact.uri).replace(/^sips?:/, '');
}

/** RFC 3261 §10.3 step 7: within one Call-ID only a higher CSeq changes a binding. */
function checkOrder({ headers }: Request, before: Binding): void {
  const number = headers.get(CSEQ)?.number ?? 0;
  if (headers.get(CALL_ID) === before.callId && number <= before.cseq) {
    throw new SipError(
      500,
      `REGISTER with CSeq ${number} after ${before.cseq} in the same Call-ID`,
      'CSeq Out Of Order',
    );
  }
}

/** Without multi_sim a subscriber is one phone: a newly authenticated contact takes the place of all others of its kind,
 * usual or emergency. */
function isReplaced(
  old: Binding,
  pairs: readonly { before: Binding | undefined }[],
  bound: readonly Binding[],
): boolean {
  const emergency = isEmergency(old);
  return bound.some((one) => isEmergency(one) === emergency) && pairs.every(({ before }) => before !== old);
}

/** The oldest bindings of many phones with one SIM, when there are too many: phones that left without a word. */
function excess(bindings: readonly Binding[], gone: readonly Binding[], bound: readonly Binding[]): Binding[] {
  const kept = bindings.filter((one) => !gone.includes(one) && findBinding(bound, one.contact) === undefined);
  return kept.slice(0, Math.max(0, kept.length + bound.length - MOST_BINDINGS));
}

function removal(binding: Binding, event: Removal['event'], by: readonly Binding[] = []): Removal {
  const replaced = by.some((other) => other.flow.remote.address === binding.flow.remote.address);
  return { binding, event, replaced };
}
