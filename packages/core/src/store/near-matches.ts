/**
 * The up to three candidates that a mistyped name most likely meant: those that contain it, or that few edits
 * away from it.
 */
export function nearMatches(name: string, candidates: readonly string[]): string[] {
  const typed = name.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distance(typed, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, typed.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

function distance(typed: string, candidate: string): number {
  if (typed.length >= 3 && candidate.includes(typed)) return 0;
  return editDistance(typed, candidate);
}

/** Levenshtein: insertions, deletions and replacements of characters. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
