/** The cycles met in walking a graph from each of its nodes, each once, as the nodes in order; none if there are none. */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const done = new Set<string>();
  const path: string[] = [];

  function walk(node: string): void {
    if (done.has(node)) return;
    const start = path.indexOf(node);
    if (start >= 0) {
      cycles.push(path.slice(start));
      return;
    }
    path.push(node);
    for (const next of edges.get(node) ?? []) walk(next);
    path.pop();
    done.add(node);
  }

  for (const node of edges.keys()) walk(node);
  return cycles;
}
