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
  readonly #queue: E[] = [];
  #state: S;
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

  dispatch(event: E): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    const bugs: unknown[] = [];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next, bugs);
    this.#running = false;
    this.#arm();
    if (bugs.length > 0) throw bugs[0];
  }

  /** Ends the machine without an event: its timers never fire, later events are ignored. */
  abandon(): void {
    this.#over = true;
    this.#armed?.cancel();
    this.#armed = undefined;
  }

  #step(event: E, bugs: unknown[]): void {
    if (this.#over) return;
    const before = this.#state;
    const handler = this.#definition.handlers[before.name as S['name']] as (
      state: S,
      event: E,
      now: number,
      context: C,
    ) => Step<S, F>;
    const step = collect(bugs, () => handler(before, event, this.#clock.now(), this.#context));
    if (step === undefined) {
      collect(bugs, () => this.#owner.onUnexpected?.(before, event));
      return;
    }
    this.#state = step.state;
    if (step.state.name !== before.name) collect(bugs, () => this.#owner.onState?.(step.state, before));
    for (const effect of step.effects ?? []) collect(bugs, () => this.#owner.perform(effect));
    if (this.#definition.final.includes(step.state.name)) {
      this.abandon();
      collect(bugs, () => this.#owner.onFinal?.(step.state));
    }
  }

  #arm(): void {
    if (this.#over) return;
    const [, at] = earliest(this.#state.timers);
    if (this.#armed !== undefined && this.#armed.at === at) return;
    this.#armed?.cancel();
    this.#armed = at === undefined ? undefined : this.#clock.schedule(at, () => this.#fire());
  }

  #fire(): void {
    this.#armed = undefined;
    const [timer] = earliest(this.#state.timers);
    if (timer === undefined) return;
    const { [timer]: _fired, ...timers } = this.#state.timers as Timers;
    this.#state = { ...this.#state, timers };
    this.dispatch({ type: 'timer', timer } as unknown as E);
  }
}

function earliest(timers: Timers | undefined): [string, number] | [undefined, undefined] {
  let name: string | undefined;
  let at = Number.POSITIVE_INFINITY;
  for (const timer in timers) {
    const candidate = timers[timer];
    if (candidate !== undefined && candidate < at) {
      name = timer;
      at = candidate;
    }
  }
  return name === undefined ? [undefined, undefined] : [name, at];
}

function collect<T>(bugs: unknown[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    bugs.push(error);
    return undefined;
  }
}
