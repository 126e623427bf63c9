import type { Clock, Scheduled } from './clock.ts';

/**
 * Runs a state machine that is written as data: one handler per state, `(state, event, now, context)` in, the next
 * state and the effects out. A machine never acts itself; the owner performs its effects, and events that effects
 * raise wait until the effects of the present event are done (run to completion).
 *
 * Timers are instants inside the state, `timers: { B: 132000 }`. Leaving the state, or a next state without the
 * timer, stops it. When one is due it is taken out of the state and the handler sees `{ type: 'timer', timer: 'B' }`.
 */
export interface MachineState {
  readonly name: string;
  readonly timers?: Timers;
}

/** Instants of the clock's `now()` by timer name. */
export type Timers = { readonly [timer: string]: number | undefined };

export interface TimerEvent<T extends string = string> {
  readonly type: 'timer';
  readonly timer: T;
}

/** What a handler answers; undefined means the event was not expected in this state. */
export type Step<S, F> = { readonly state: S; readonly effects?: readonly F[] } | undefined;

export interface MachineDefinition<S extends MachineState, E extends { readonly type: string }, F, C> {
  readonly name: string;
  /** States in which the machine is over: its owner is told and no timer runs. */
  readonly final: readonly S['name'][];
  readonly handlers: {
    readonly [N in S['name']]: (state: Extract<S, { name: N }>, event: E, now: number, context: C) => Step<S, F>;
  };
}

export interface MachineOwner<S, E, F> {
  /** Does one effect. What it throws is a bug: the remaining effects are still performed, then it is thrown on. */
  perform(effect: F): void;
  /** An event the state has no place for; said once in the log, never an error. */
  onUnexpected?(state: S, event: E): void;
  /** The machine reached a final state; called once, after its last effects. */
  onFinal?(state: S): void;
  /** Every change of the state's name. */
  onState?(state: S, before: S): void;
}

export class Machine<S extends MachineState, E extends { readonly type: string }, F, C> {
  readonly #definition: MachineDefinition<S, E, F, C>;
  readonly #clock: Clock;
  readonly #context: C;
  readonly #owner: MachineOwner<S, E, F>;
  #state: S;
  /** Events raised while one is being worked on; made when the first such event comes. */
  #queue: E[] | undefined;
  #running = false;
  #over = false;
  #armed: Scheduled | undefined;

  constructor(
    definition: MachineDefinition<S, E, F, C>,
    initial: S,
    clock: Clock,
    context: C,
    owner: MachineOwner<S, E, F>,
  ) {
    this.#definition = definition;
    this.#state = initial;
    this.#clock = clock;
    this.#context = context;
    this.#owner = owner;
    this.#arm();
  }

  get state(): S {
    return this.#state;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Works on the event and on those its effects raise. @throws the first bug of a handler or effect, at the end. */
  dispatch(event: E): void {
    if (this.#running) {
      this.#queue ??= [];
      this.#queue.push(event);
      return;
    }
    const bugs = new Bugs();
    this.#running = true;
    for (let next: E | undefined = event; next !== undefined; next = this.#queue?.shift()) this.#step(next, bugs);
    this.#running = false;
    this.#arm();
    bugs.throwFirst();
  }

  /** Ends the machine without an event: its timers never fire, later events are ignored, the owner is not told. */
  abandon(): void {
    this.#over = true;
    this.#armed?.cancel();
    this.#armed = undefined;
  }

  #step(event: E, bugs: Bugs): void {
    if (this.#over) return;
    const before = this.#state;
    try {
      const step = this.#handle(before, event);
      if (step === undefined) this.#owner.onUnexpected?.(before, event);
      else this.#enter(step, before, bugs);
    } catch (bug) {
      bugs.add(bug);
    }
  }

  #handle(state: S, event: E): Step<S, F> {
    const handler = this.#definition.handlers[state.name as S['name']] as (
      state: S,
      event: E,
      now: number,
      context: C,
    ) => Step<S, F>;
    return handler(state, event, this.#clock.now(), this.#context);
  }

  #enter(step: NonNullable<Step<S, F>>, before: S, bugs: Bugs): void {
    const state = step.state;
    this.#state = state;
    if (state.name !== before.name && this.#owner.onState !== undefined) {
      try {
        this.#owner.onState(state, before);
      } catch (bug) {
        bugs.add(bug);
      }
    }
    for (const effect of step.effects ?? NOTHING) {
      try {
        this.#owner.perform(effect);
      } catch (bug) {
        bugs.add(bug);
      }
    }
    if (this.#over || !this.#definition.final.includes(state.name)) return;
    this.abandon();
    this.#owner.onFinal?.(state);
  }

  /** Asks the clock for the state's earliest timer, unless that is what it was asked for already. */
  #arm(): void {
    if (this.#over) return;
    const { timers } = this.#state;
    const timer = earliest(timers);
    const at = timer === undefined ? undefined : timers?.[timer];
    if (this.#armed?.at === at) return;
    this.#armed?.cancel();
    this.#armed = at === undefined ? undefined : this.#clock.schedule(at, this.#fire);
  }

  readonly #fire = (): void => {
    this.#armed = undefined;
    // An effect that waits for the clock: the timer is armed again when the effects are done.
    if (this.#running) return;
    const { timers } = this.#state;
    const timer = earliest(timers);
    if (timer === undefined) return;
    // Taken out before the handler sees it, so that a handler which does not expect it cannot make it fire again.
    this.#state = { ...this.#state, timers: { ...timers, [timer]: undefined } };
    this.dispatch({ type: 'timer', timer } as unknown as E);
  };
}

const NOTHING: readonly never[] = [];

/** Name of the timer that is due first. */
function earliest(timers: Timers | undefined): string | undefined {
  let name: string | undefined;
  let at = Number.POSITIVE_INFINITY;
  for (const timer in timers) {
    const candidate = timers[timer];
    if (candidate !== undefined && candidate < at) {
      name = timer;
      at = candidate;
    }
  }
  return name;
}

/** What was thrown while the rest went on. */
class Bugs {
  #first: { readonly bug: unknown } | undefined;

  add(bug: unknown): void {
    this.#first ??= { bug };
  }

  throwFirst(): void {
    if (this.#first !== undefined) throw this.#first.bug;
  }
}
