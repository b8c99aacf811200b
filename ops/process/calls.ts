/** The methods that another process answers. Arguments and results must be values that its channel can carry. */
export type Methods<T> = { readonly [K in keyof T]: (...args: never[]) => Promise<unknown> };

/** A connection to another process that carries whole messages in order. */
export interface Channel {
  /** Throws if the other end is known to be gone. */
  send(message: unknown): void;
  listen(receive: (message: unknown) => void): void;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code?: unknown };
}

/** The error of a call to another process: that process' own error by message and code, or its end. */
class RemoteError extends Error {
  readonly code: unknown;

  constructor(message: string, code: unknown = "HOLDFAST_REMOTE") {
    super(message);
    this.code = code;
  }
}

/** Answers the calls that arrive on a channel. */
export function answerCalls<T extends Methods<T>>(methods: T, channel: Channel): void {
  const answer = async ({ id, method, args }: Call) => {
    try {
      const value = await methods[method as keyof T](...(args as never[]));
      channel.send({ id, value } satisfies Answer);
    } catch (error) {
      const { message, code } = error as { message: string; code?: unknown };
      channel.send({ id, error: { message, code } } satisfies Answer);
    }
  };
  channel.listen((call) => void answer(call as Call));
}

/** Calls the methods that another process answers on a channel. */
export class Calls<T extends Methods<T>> {
  readonly #channel: Channel;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.listen((message) => {
      const answer = message as Answer;
      this.#pending.get(answer.id)?.(answer);
    });
  }

  /** Rejects with the error of the method, by message and code, or if the other end is gone first. */
  call<K extends keyof T & string>(method: K, ...args: Parameters<T[K]>): ReturnType<T[K]> {
    const id = ++this.#calls;
    const answered = new Promise((resolve, reject) => {
      const settle = ({ value, error }: Answer) => {
        this.#pending.delete(id);
        if (error === undefined) resolve(value);
        else reject(new RemoteError(error.message, error.code));
      };
      this.#pending.set(id, settle);
      try {
        this.#channel.send({ id, method, args } satisfies Call);
      } catch (error) {
        settle({ id, error: { message: (error as Error).message } });
      }
    });
    return answered as ReturnType<T[K]>;
  }

  /** Fails every call in progress: the other end is gone. */
  end(why: string): void {
    for (const [id, settle] of this.#pending) settle({ id, error: { message: why } });
  }
}
