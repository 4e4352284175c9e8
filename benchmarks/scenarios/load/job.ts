/** Work in a process of its own, so that measuring does not wait for loading. */
export interface Job<Result> {
  /** Resolves when the work is over or was stopped. */
  readonly result: Promise<Result>;
  stop(): void;
  /** Something happened now that divides the results; what it means is the job's. */
  mark?(name: string): void;
}

/** What runs in the child, what it is told, what it tells. */
export interface Order {
  readonly job: string;
  readonly args: unknown;
}
export type Told = { readonly order: Order } | { readonly mark: string } | { readonly stop: true };
export type Tells = { readonly event: string } | { readonly result: unknown } | { readonly error: string };

/** Tells the parent that something was reached. */
export function tell(event: string): void {
  process.send?.({ event } satisfies Tells);
}
