// How the tables in settings/ declare properties, and the types of what is read by them.
import type { Value } from '../value.ts';
import type { Check } from './check.ts';

/** A kind of value a property may have. */
export interface Type<T> {
  /** What is expected, in words for messages and the reference page. */
  readonly expected: string;
  /** Of objects: their properties, for the reference page. */
  readonly table?: Table;
  /** Reports what is wrong and then returns undefined. */
  read(value: Value, path: string, check: Check): T | undefined;
}

/** `ignored` properties are checked and left out of the result. */
export type Presence = 'required' | 'optional' | 'preset' | 'ignored';

export interface Property<T, P extends Presence = Presence> {
  readonly type: Type<T>;
  readonly presence: P;
  /** Of presets. */
  readonly initial?: T;
  /** One sentence for the reference page. */
  readonly meaning: string;
  /** For the reference page: the default as a configuration writes it, or what is done without the property. */
  readonly shown?: string;
  /** Of obsolete properties: the warning for their use. */
  readonly obsolete?: string;
  /** `config_set` of the remote API may change it (manual §6.4). */
  readonly changeable?: true;
}

export type Table = Readonly<Record<string, Property<unknown>>>;

/** A property that must be there. */
export function required<T>(type: Type<T>, meaning: string): Property<T, 'required'> {
  return { type, presence: 'required', meaning };
}

/** A property that may be absent; `shown` says what is then done. */
export function optional<T>(type: Type<T>, shown: string, meaning: string): Property<T, 'optional'> {
  return { type, presence: 'optional', shown, meaning };
}

/** A property with a default; `shown` is the default as a configuration writes it, where JSON does not. */
export function preset<T>(
  type: Type<T>,
  initial: NoInfer<T>,
  meaning: string,
  shown: string = JSON.stringify(initial),
): Property<T, 'preset'> {
  return { type, presence: 'preset', initial, meaning, shown };
}

/** A property of other programs or releases that is checked and has no effect. */
export function ignored(type: Type<unknown>, meaning: string, obsolete?: string): Property<unknown, 'ignored'> {
  return { type, presence: 'ignored', meaning, ...(obsolete === undefined ? {} : { obsolete }) };
}

/** A property that `config_set` may change while the server runs. */
export function changeable<P extends Property<unknown>>(property: P): P & { readonly changeable: true } {
  return { ...property, changeable: true };
}

type ValueOf<P> = P extends Property<infer T> ? T : never;
type KeysOf<T, P extends Presence> = { [K in keyof T]: T[K] extends { presence: P } ? K : never }[keyof T];
export type Simplify<T> = { [K in keyof T]: T[K] };

/** What an object checked by a table becomes. */
export type Result<T> = Simplify<
  { readonly [K in KeysOf<T, 'required' | 'preset'>]: ValueOf<T[K]> } & {
    readonly [K in KeysOf<T, 'optional'>]?: ValueOf<T[K]>;
  }
>;

/** The names of a table's properties that `config_set` may change. */
export type ChangeableKeys<T> = { [K in keyof T]: T[K] extends { changeable: true } ? K : never }[keyof T];
