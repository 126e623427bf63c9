import type { Associations } from '../ipsec/associations.ts';
import type { Binding, RegistrationChange, Registrations } from '../store/registrations.ts';

type End = (bindings: readonly Binding[]) => void;

/**
 * Keeps security associations as long as the registrations they carry (TS 24.229 §5.2.2): a registration that begins or
 * is refreshed extends them, and those that carry none any more go. A registration whose associations are gone ends:
 * nothing reaches its phone, and what comes from it in clear is not believed.
 */
export class ProtectedBindings {
  /** Undefined where there is no IPsec (any more). */
  readonly #associations: Associations | undefined;
  readonly #registrations: Registrations;
  #end: End | undefined;
  /** Associations that carry registrations, by IMPI. */
  readonly #carrying = new Map<string, ReadonlySet<number>>();

  constructor(associations: Associations | undefined, registrations: Registrations) {
    this.#associations = associations;
    this.#registrations = registrations;
  }

  /** Goes on with the registrations of before a restart. @param end ends some of one subscriber. */
  resume(end: End): void {
    this.#end = end;
    for (const bindings of [...this.#registrations.all()]) {
      const stranded = bindings.filter(
        ({ flow }) =>
          flow.protected !== undefined && this.#associations?.ownerOf(flow.protected.association) === undefined,
      );
      if (stranded.length > 0) end(stranded);
      const [first] = bindings;
      if (first !== undefined) this.changed({ subscriber: first.subscriber, bound: [] });
    }
  }

  /** An association has ended although its registrations go on. Before `resume` this changes nothing. */
  lost(association: number): void {
    const subscriber = this.#registrations.carriedBy(association);
    if (subscriber === undefined) return;
    const stranded = this.#registrations
      .of(subscriber)
      .filter(({ flow }) => flow.protected?.association === association);
    this.#end?.(stranded);
  }

  changed({ subscriber, bound }: Pick<RegistrationChange, 'subscriber' | 'bound'>): void {
    for (const { flow, expiresAt, event } of bound) {
      // One that the network shortens was not heard of in its set.
      if (flow.protected === undefined || event === 'shortened') continue;
      const { association, set } = flow.protected;
      const role = this.#associations?.setOf(set)?.role;
      // No REGISTER passes in these unless it answers a challenge.
      if (role === 'temporary' || role === 'fading') this.#associations?.authenticated(set, expiresAt);
      else this.#associations?.extend(association, expiresAt);
    }
    const before = this.#carrying.get(subscriber.impi);
    const now = new Set<number>();
    for (const { flow } of this.#registrations.of(subscriber)) {
      if (flow.protected !== undefined) now.add(flow.protected.association);
    }
    if (now.size > 0) this.#carrying.set(subscriber.impi, now);
    else this.#carrying.delete(subscriber.impi);
    for (const association of before ?? []) if (!now.has(association)) this.#associations?.leave(association);
  }
}
