import type { Endpoint } from '../../src/core/endpoint.ts';
import { printEndpoint } from '../../src/core/endpoint.ts';
import type {
  EspEncryption,
  EspIntegrity,
  Kernel,
  KernelCapabilities,
  KernelChange,
  SecurityPolicy,
  SecurityState,
  StateUsage,
} from '../../src/net/ports.ts';

const EVERYTHING: KernelCapabilities = {
  integrity: new Set<EspIntegrity>(['hmac-md5-96', 'hmac-sha-1-96', 'aes-gmac', 'null']),
  encryption: new Set<EspEncryption>(['null', 'aes-cbc', 'des-ede3-cbc', 'des-cbc', 'aes-gcm']),
  ipv6: true,
};

/** A kernel that remembers what it was told. It refuses what a real one would: a state or policy that is there already. */
export class FakeKernel implements Kernel {
  /** How many calls changed something. */
  applied = 0;
  readonly #capabilities: KernelCapabilities;
  readonly #states = new Map<string, SecurityState>();
  readonly #policies = new Map<string, SecurityPolicy>();
  readonly #blocks = new Map<string, Endpoint>();
  /** The end of what was asked so far: changes are made in the order asked. */
  #work: Promise<void> = Promise.resolve();
  #held: Promise<void> | undefined;
  #release: () => void = () => {};
  #failure: string | undefined;

  constructor(capabilities: Partial<KernelCapabilities> = {}) {
    this.#capabilities = { ...EVERYTHING, ...capabilities };
  }

  /** The states there are, in the order they were added. */
  get live(): SecurityState[] {
    return [...this.#states.values()];
  }

  get policies(): SecurityPolicy[] {
    return [...this.#policies.values()];
  }

  /** The endpoints nothing comes to in clear, and those nothing leaves in clear. */
  get blocks(): Endpoint[] {
    return [...this.#blocks.values()];
  }

  /** Lets the next call fail. */
  fail(why: string): void {
    this.#failure = why;
  }

  /** Nothing is answered until release(). */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
    this.#held = undefined;
  }

  /** When all that was asked so far is answered, and whoever asked has heard it. */
  async settled(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.#work; ) {
      seen = this.#work;
      await seen;
      await new Promise(setImmediate);
    }
  }

  apply(changes: readonly KernelChange[]): Promise<void> {
    this.applied++;
    return this.#inTurn(() => {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw new Error(failure);
      this.#make(changes);
    });
  }

  flush(): Promise<void> {
    return this.#inTurn(() => {
      this.#states.clear();
      this.#policies.clear();
      this.#blocks.clear();
    });
  }

  states(): Promise<readonly StateUsage[]> {
    const none = { packets: 0, octets: 0, replayed: 0, failed: 0 };
    return Promise.resolve(
      this.live.map(({ source, destination, spi }) => {
        return { source: source.address, destination: destination.address, spi, ...none };
      }),
    );
  }

  capabilities(): Promise<KernelCapabilities> {
    return Promise.resolve(this.#capabilities);
  }

  #inTurn(work: () => void): Promise<void> {
    const held = this.#held;
    const done = this.#work.then(() => held).then(work);
    this.#work = done.catch(() => {});
    return done;
  }

  #make(changes: readonly KernelChange[]): void {
    const undo: (() => void)[] = [];
    try {
      for (const change of changes) this.#change(change, undo);
    } catch (error) {
      for (const back of undo.reverse()) back();
      throw error;
    }
  }

  #change(change: KernelChange, undo: (() => void)[]): void {
    switch (change.type) {
      case 'addState':
        add(this.#states, stateKey(change.state.destination.address, change.state.spi), change.state, undo);
        break;
      case 'renewState': {
        const key = stateKey(change.state.destination.address, change.state.spi);
        if (!this.#states.has(key)) throw new Error(`no state ${key}`);
        this.#states.set(key, change.state);
        break;
      }
      case 'deleteState':
        this.#states.delete(stateKey(change.destination, change.spi));
        break;
      case 'protect':
        add(this.#policies, policyKey(change), change, undo);
        break;
      case 'unprotect':
        this.#policies.delete(policyKey(change));
        break;
      case 'block':
        add(this.#blocks, `${change.direction} ${printEndpoint(change.port)}`, change.port, undo);
        break;
      case 'unblock':
        this.#blocks.delete(`${change.direction} ${printEndpoint(change.port)}`);
        break;
    }
  }
}

function add<V>(map: Map<string, V>, key: string, value: V, undo: (() => void)[]): void {
  if (map.has(key)) throw new Error(`${key} is there already`);
  map.set(key, value);
  undo.push(() => map.delete(key));
}

function stateKey(destination: string, spi: number): string {
  return `state ${destination} ${spi}`;
}

function policyKey({ direction, source, destination }: Omit<SecurityPolicy, 'reqid'>): string {
  return `policy ${direction} ${printEndpoint(source)} ${printEndpoint(destination)}`;
}
