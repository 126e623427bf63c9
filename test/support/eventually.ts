const POLL_MS = 20;

/** Tries `attempt` until it does not throw, for what cannot be awaited; after `ms` it throws what the last one threw. */
export async function eventually<T>(attempt: () => T | Promise<T>, ms = 5000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
