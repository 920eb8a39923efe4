import { TransportError } from '../../shared/errors.ts';

/** One thing that goes wrong in a story: at which operation, counted from 1, and before or after that has its effect. */
export interface Fault {
  readonly nth: number;
  readonly when: 'before' | 'after';
  /** `fails`: the call throws and the process goes on. `dies`: the call never returns, and the process does nothing more. */
  readonly how: 'fails' | 'dies';
}

/** Every way in which one operation can go wrong. */
export const WAYS_TO_FAIL: readonly Omit<Fault, 'nth'>[] = [
  { when: 'before', how: 'fails' },
  { when: 'after', how: 'fails' },
  { when: 'before', how: 'dies' },
  { when: 'after', how: 'dies' },
];

/** Counts the operations of all processes of a story, one after the other, and says which goes wrong. */
export class Faults {
  operations = 0;
  /** What went wrong, for messages. */
  readonly struck: string[] = [];
  /** Waited for before each operation: processes that work side by side take turns by it. */
  readonly pace: () => Promise<void>;
  readonly #planned: readonly Fault[];

  constructor(planned: readonly Fault[] = [], pace: () => Promise<void> = async () => {}) {
    this.#planned = planned;
    this.pace = pace;
  }

  next(name: string): Fault | undefined {
    this.operations += 1;
    const fault = this.#planned.find(({ nth }) => nth === this.operations);
    if (fault) this.struck.push(`${name} (operation ${fault.nth}) ${fault.how} ${fault.when} its effect`);
    return fault;
  }
}

/** Methods that give an iteration; its beginning is the operation. */
const ITERATING: ReadonlySet<unknown> = new Set(['list', 'tags']);
/** Methods that do nothing outside the process. */
const IDLE: ReadonlySet<unknown> = new Set(['create', 'abort', 'listDigests', 'session']);

/** A process that uses ports through `wrap`, and can die at any of their calls: it does nothing more. */
export class FaultyProcess {
  readonly #faults: Faults;
  readonly #death = Promise.withResolvers<'died'>();
  #isDead = false;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** What `work` resolves to or throws; `died` when the process did not live to see it. */
  run<T>(work: () => Promise<T>): Promise<T | 'died'> {
    return Promise.race([this.#death.promise, work()]);
  }

  /** The port with each of its calls an operation of the story. What `open`, `create` and `session` give is wrapped too. */
  wrap<T extends object>(port: T, name: string): T {
    return new Proxy(port, {
      get: (_, property) => {
        const member: unknown = Reflect.get(port, property, port);
        if (typeof member !== 'function') return member;
        const call = (given: readonly unknown[]): unknown => Reflect.apply(member, port, given);
        const operation = `${name}.${String(property)}`;
        if (IDLE.has(property))
          return (...given: readonly unknown[]) =>
            this.#wrapped(call(given), property === 'session' ? name : operation);
        if (ITERATING.has(property))
          return (...given: readonly unknown[]) =>
            this.#iterate(call(given) as AsyncIterable<unknown>, operation);
        return async (...given: readonly unknown[]) => {
          const answer = await this.#operate(operation, async () => await call(given));
          return property === 'open' ? this.#wrapped(answer, name) : answer;
        };
      },
    });
  }

  #wrapped(made: unknown, name: string): unknown {
    return typeof made === 'object' && made !== null ? this.wrap(made, name) : made;
  }

  async *#iterate(items: AsyncIterable<unknown>, operation: string): AsyncGenerator<unknown> {
    yield* await this.#operate(operation, async () => await Array.fromAsync(items));
  }

  async #operate<T>(operation: string, effect: () => Promise<T>): Promise<T> {
    await this.#faults.pace();
    if (this.#isDead) return await forever();
    const fault = this.#faults.next(operation);
    if (fault?.when === 'before') return await this.#strike(fault, operation);
    const answer = await effect();
    if (this.#isDead) return await forever();
    return fault ? await this.#strike(fault, operation) : answer;
  }

  async #strike({ how, when }: Fault, operation: string): Promise<never> {
    if (how === 'fails')
      throw new TransportError('E_NETWORK', `The connection of ${operation} broke ${when} its effect.`);
    this.#isDead = true;
    this.#death.resolve('died');
    return await forever();
  }
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
