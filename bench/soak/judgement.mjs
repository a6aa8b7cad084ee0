// What a server must hold to.

/** Buffers for more requests at once than before, and the allocator's own moods. */
const MOST_GROWTH_MIB = 32;
/** The same for a heap that was collected now and then. */
const MOST_HEAP_GROWTH_MIB = 8;
const MOST_NEW_HANDLES = 2;

/** Sentences about what is wrong. */
export function judgeStorm({ outcomes, failures, server, before, after }, mostLagMs) {
  const { answered, refused, busy, left, cut } = outcomes;
  const begun = Object.values(outcomes).reduce((sum, each) => sum + each, 0);
  const problems = failures.map((failure) => `a client saw: ${failure}`);
  const expect = (holds, what) => holds || problems.push(what);

  // Who leaves or breaks off may do so before the server knows of him, or when his answer is done already.
  const gone = left + cut;
  const { requests, statuses, completed, aborted, failed } = server;
  expect(
    between(requests, begun - gone, begun),
    `the server saw ${requests} of ${begun} requests, ${gone} of which may have gone unseen`,
  );
  const nonsense = (statuses["400"] ?? 0) + (statuses["404"] ?? 0);
  expect(between(nonsense, refused, refused + cut), `${nonsense} refusals for ${refused} that clients got`);
  const turnedAway = statuses["429"] ?? 0;
  expect(between(turnedAway, busy, busy + gone), `${turnedAway} turned away, ${busy} clients know of it`);
  expect(
    between(completed, answered, answered + gone),
    `${completed} answers to their end for ${answered} that clients have read`,
  );
  expect(aborted <= gone, `${aborted} answers given up, where only ${gone} clients left`);
  const overflows = failed["CONTEXT_OVERFLOW"] ?? 0;
  const others = Object.values(failed).reduce((sum, each) => sum + each, 0) - aborted - overflows;
  expect(others === 0, `${others} answers failed: ${JSON.stringify(failed)}`);
  expect(answered > 0 && refused > 0 && left > 0 && cut > 0, "not every kind of client was there");

  expect(after.active === 0, `${after.active} requests are still active`);
  expect(after.blocks.used === 0, `${after.blocks.used} KV blocks are still in use`);
  const total = ({ used, cached, free }) => used + cached + free;
  expect(total(after.blocks) === total(before.blocks), "the number of KV blocks changed");
  const grown = (name) => after[name] - before[name];
  expect(grown("nativeMiB") <= MOST_GROWTH_MIB, `memory grew by ${grown("nativeMiB").toFixed(1)} MiB`);
  expect(grown("heapMiB") <= MOST_HEAP_GROWTH_MIB, `the heap grew by ${grown("heapMiB").toFixed(1)} MiB`);
  expect(after.lagP99Ms < mostLagMs, `event loop lag p99 was ${after.lagP99Ms.toFixed(1)} ms`);
  return problems;
}

/** Compares the second quarter of the samples with the last: the first one fills what stays. */
export function judgeStream({ samples, lagP99Ms }, mostLagMs) {
  const problems = [];
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) return ["too few requests to judge by"];
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const grown = (name) => least(late, name) - least(early, name);
  const expect = (holds, what) => holds || problems.push(what);
  expect(grown("heapMiB") <= MOST_HEAP_GROWTH_MIB, `the heap grew by ${grown("heapMiB").toFixed(1)} MiB`);
  expect(grown("nativeMiB") <= MOST_GROWTH_MIB / 2, `memory grew by ${grown("nativeMiB").toFixed(1)} MiB`);
  expect(grown("handles") <= MOST_NEW_HANDLES, `${grown("handles")} more handles are open`);
  const { blocks, active } = samples.at(-1);
  expect(blocks.used === 0, `${blocks.used} KV blocks are still in use`);
  expect(active === 0, `${active} requests are still active`);
  expect(lagP99Ms < mostLagMs, `event loop lag p99 was ${lagP99Ms.toFixed(1)} ms`);
  return problems;
}

const least = (samples, name) => Math.min(...samples.map((sample) => sample[name]));
const between = (value, least, most) => value >= least && value <= most;
