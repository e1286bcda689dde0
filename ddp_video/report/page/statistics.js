"use strict";

/** Probabilities of 0..n successes in n trials of probability p. */
function binomialMasses(n, p) {
  const masses = [];
  let logChoose = 0;
  for (let i = 0; i <= n; i++) {
    if (i > 0) logChoose += Math.log((n - i + 1) / i);
    masses.push(Math.exp(logChoose + i * Math.log(p) + (n - i) * Math.log1p(-p)));
  }
  return masses;
}

/** Probability of k or more successes. */
function binomialTail(k, n, p) {
  if (k <= 0 || p >= 1) return 1;
  if (p <= 0) return 0;
  // the smallest first, so that nothing is lost in the sum
  return Math.min(1, binomialMasses(n, p).slice(k).sort((a, b) => a - b).reduce((a, b) => a + b, 0));
}

/** Exact two-sided binomial test of k successes in n against chance (p = 1/2). */
function binomialTest(k, n) {
  if (2 * k === n) return 1;
  return Math.min(1, 2 * binomialTail(Math.max(k, n - k), n, 0.5));
}

/** Exact (Clopper–Pearson) interval, at 95 %, of the probability behind k successes in n. */
function binomialInterval(k, n, level = 0.95) {
  const out = (1 - level) / 2;
  const where = (rises) => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (rises(middle)) high = middle; else low = middle;
    }
    return (low + high) / 2;
  };
  return [
    k === 0 ? 0 : where((p) => binomialTail(k, n, p) >= out),
    k === n ? 1 : where((p) => 1 - binomialTail(k + 1, n, p) <= out),
  ];
}

/** A generator of numbers in 0..1 that a seed decides (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A shuffled copy (Fisher–Yates). */
function shuffled(items, random) {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
