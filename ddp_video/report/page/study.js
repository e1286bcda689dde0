const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "none",
  a: "left", b: "right", 1: "left", 2: "right" };

const study = { trials: [], at: 0, seed: 0, viewer: "", finished: null };

/** Clips in random order; in half of them the first side stands left. */
function trialsFor(seed) {
  const random = randomFrom(seed);
  const order = shuffled([...report.clips.keys()], random);
  const lefts = shuffled(order.map((_, i) => i % 2), random);
  return order.map((clip, i) => ({ clip, left: lefts[i], choice: null, seconds: null }));
}

function beginStudy() {
  study.seed = Number($("seed").value);
  study.viewer = $("viewer").value.trim();
  study.trials = trialsFor(study.seed);
  study.at = 0;
  $("trial").showModal();
  showTrial();
}

function showTrial() {
  const { clip } = study.trials[study.at];
  $("count").textContent = `clip ${study.at + 1} of ${study.trials.length}`;
  $("done").max = study.trials.length;
  $("done").value = study.at;
  $("undo").disabled = study.at === 0;
  study.since = performance.now();
  player.loop = report.clips[clip];
  player.video.playbackRate = 1;
  player.seek(player.loop[0]);
  player.play();
}

function choose(choice) {
  const trial = study.trials[study.at];
  trial.choice = choice;
  trial.seconds = Math.round((performance.now() - study.since) / 100) / 10;
  study.at += 1;
  if (study.at < study.trials.length) return showTrial();
  study.finished = resultOf(study);
  $("trial").close();
  showResult(study.finished);
}

function undo() {
  if (study.at > 0) {
    study.at -= 1;
    showTrial();
  }
}

/** The film is whole again, and stands still. */
function leaveStudy() {
  player.video.pause();
  player.loop = [0, FRAMES - 1];
  player.video.playbackRate = Number($("speed").value);
  player.tell();
}

/** Which side a trial's choice means: 0, 1, or null for "cannot tell". */
function preferred(trial) {
  if (trial.choice === "none") return null;
  return trial.choice === "left" ? trial.left : 1 - trial.left;
}

function resultOf({ trials, seed, viewer }) {
  const rows = trials.map((trial, i) => {
    const [first, last] = report.clips[trial.clip];
    const side = preferred(trial);
    return {
      trial: i + 1, clip: trial.clip + 1,
      start_s: report.times[first], end_s: report.times[last + 1],
      left: report.names[trial.left], right: report.names[1 - trial.left],
      choice: trial.choice, preferred: side === null ? null : report.names[side],
      seconds: trial.seconds,
    };
  });
  const counts = [0, 1].map((side) => trials.filter((trial) => preferred(trial) === side).length);
  return {
    kind: "ddp-video study", version: report.version, source: report.source, names: report.names,
    question: $("question").textContent, viewer, seed, date: new Date().toISOString(),
    ...statisticsOf(counts), undecided: trials.length - counts[0] - counts[1], trials: rows,
  };
}

/** What follows from how often each side was preferred. */
function statisticsOf(counts) {
  const n = counts[0] + counts[1];
  return {
    counts, share: n ? counts[1] / n : null,
    interval_95: n ? binomialInterval(counts[1], n) : null,
    p_value: n ? binomialTest(counts[1], n) : null,
    test: "exact binomial, two-sided, against 1/2; undecided left out",
  };
}

/** One sentence with the share, its interval and the test. */
function inWords({ names, counts, share, interval_95: interval, p_value: p, undecided }) {
  const n = counts[0] + counts[1];
  const ties = undecided ? `; ${undecided} undecided, left out` : "";
  if (!n) return `No clip was decided${ties}.`;
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const chance = p < 0.001 ? p.toExponential(1) : p.toFixed(3);
  return `${names[1]} was preferred in ${counts[1]} of ${n} (${percent(share)}, 95 % interval ` +
    `${percent(interval[0])} to ${percent(interval[1])})${ties}. Exact binomial test against ` +
    `chance: p = ${chance}.`;
}

function showResult(result) {
  const [first, second] = result.counts;
  const ahead = result.names[first > second ? 0 : 1];
  const clear = result.p_value !== null && result.p_value < 0.05;
  $("verdict").textContent = clear ? `Preferred: ${ahead}` : "No clear preference";
  $("explained").textContent = inWords(result);
  const head = ["clip", "time", "left", "right", "preferred"];
  const rows = result.trials.map((row) => [
    row.clip, `${row.start_s.toFixed(2)}–${row.end_s.toFixed(2)} s`, row.left, row.right,
    row.preferred ?? "cannot tell",
  ]);
  fillTable($("choices"), head, rows);
  $("result").hidden = false;
  $("seed").value = result.seed + 1; // another viewer gets another order
  $("verdict").scrollIntoView({ block: "center" });
}

/** Rows of text; one that is shorter than the head ends in a cell that fills it. */
function fillTable(table, head, rows) {
  const cells = (row, kind) => make("tr", {}, ...row.map((cell, i) => make(
    kind, i + 1 < row.length ? {} : { colspan: head.length - i }, String(cell))));
  table.replaceChildren(
    make("thead", {}, cells(head, "th")),
    make("tbody", {}, ...rows.map((row) => cells(row, "td"))));
}

/** The trials as CSV, with what every row needs to stand alone. */
function csvOf(result) {
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const rows = result.trials.map((row) => (
    { source: result.source, viewer: result.viewer, seed: result.seed, date: result.date, ...row }));
  const lines = [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))];
  return lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
}

function save(text, type, ending) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const who = study.finished.viewer.replace(/[^\p{L}\p{N}]+/gu, "-");
  const name = [report.source.replace(/\.[^.]*$/, ""), "study", who].filter(Boolean).join(".");
  make("a", { href: url, download: `${name}.${ending}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Add up the results of several viewers. */
async function pool(files) {
  const counts = [0, 0];
  let undecided = 0;
  for (const file of files) {
    const result = await file.text().then(JSON.parse).catch(() => null);
    if (result?.kind !== "ddp-video study" || String(result.names) !== String(report.names) ||
        result.source !== report.source) {
      return `${file.name} is no study of ${report.source} with these two: leave it out.`;
    }
    result.counts.forEach((count, i) => { counts[i] += count; });
    undecided += result.undecided;
  }
  const viewers = files.length === 1 ? "1 viewer" : `${files.length} viewers`;
  return `${viewers}: ${inWords({ names: report.names, undecided, ...statisticsOf(counts) })} ` +
    "The test takes every choice for independent.";
}

function setUpStudy() {
  const count = report.clips.length;
  const begin = $("begin").querySelector("button");
  begin.textContent = count === 1 ? "Judge 1 clip" : `Judge ${count} clips`;
  begin.disabled = count === 0;
  $("seed").value = report.seed;
  $("begin").addEventListener("submit", (event) => { event.preventDefault(); beginStudy(); });
  for (const button of document.querySelectorAll("[data-choice]")) {
    button.addEventListener("click", () => choose(button.dataset.choice));
  }
  $("undo").addEventListener("click", undo);
  $("leave").addEventListener("click", () => $("trial").close());
  $("trial").addEventListener("close", leaveStudy);
  $("trial").addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key in KEYS) choose(KEYS[event.key]);
    else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault();
  });
  const canvases = [...document.querySelectorAll("#pair canvas")];
  for (const canvas of canvases) Object.assign(canvas, sizeOf(report.film));
  player.painters.push(() => {
    if (!$("trial").open) return;
    const { left } = study.trials[study.at];
    player.draw(canvases[0], left);
    player.draw(canvases[1], 1 - left);
  });
  $("save-json").addEventListener("click",
    () => save(JSON.stringify(study.finished, null, 2) + "\n", "application/json", "json"));
  $("save-csv").addEventListener("click", () => save(csvOf(study.finished), "text/csv", "csv"));
  $("pool").addEventListener("click", () => { $("pool").value = ""; }); // the same names again
  $("pool").addEventListener("change", async (event) => {
    if (event.target.files.length) $("pooled").textContent = await pool([...event.target.files]);
  });
}

const sizeOf = ({ width, height }) => ({ width, height });
