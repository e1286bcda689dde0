const END = report.times[FRAMES];
const SIDES = ["before", "after"];
const MOST_ROWS = 24; // of the people's timeline

const CURVES = [
  { key: "psnr", total: "itf_db", name: "ITF", unit: " dB", digits: 2, better: 1,
    says: "PSNR against the frame before, on black; higher is steadier" },
  { key: "ssim", total: "isi", name: "ISI", unit: "", digits: 4, better: 1,
    says: "SSIM against the frame before, on black; higher is steadier" },
  { key: "flips", total: "flips", name: "Part flips", unit: " %", digits: 2, scale: 100, zero: true,
    says: "share of people's pixels whose part changes; movement counts too" },
];

/** A number as text; a dash where there is none. */
function shown(value, curve) {
  return value == null ? "–" : (value * (curve.scale ?? 1)).toFixed(curve.digits);
}

/** `12.3 → 12.9 dB (+0.6)` for two values, each in its side's colour. */
function fromTo(values, curve) {
  const [before, after] = values.map((value, i) => make("span", { class: SIDES[i] }, shown(value, curve)));
  return [before, " → ", after, curve.unit, values.includes(null) ? "" : ` (${gainOf(values, curve)})`];
}

function gainOf([before, after], curve) {
  const gain = (after - before) * (curve.scale ?? 1);
  return (gain < 0 ? "−" : "+") + Math.abs(gain).toFixed(curve.digits);
}

/** Round numbers, about three of them, that span some values. */
function ticksFor(values, zero) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (zero) low = 0;
  if (high <= low) high = low + (Math.abs(low) || 1) / 10;
  const rough = (high - low) / 2;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.75);
  const ticks = [];
  for (let i = Math.floor(low / step); (i - 1) * step < high; i++) ticks.push(i * step);
  return { ticks, places: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** An SVG path of values over time; where one is missing the line breaks. */
function linePath(values, low, high) {
  let path = "";
  let drawing = false;
  values.forEach((value, i) => {
    if (value === null) { drawing = false; return; }
    const x = (report.times[i] / END) * 1000;
    const y = 100 - ((value - low) / (high - low)) * 100;
    path += `${drawing ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}${drawing ? "" : "h0"}`;
    drawing = true;
  });
  return path;
}

function addCurve(curve) {
  const scale = curve.scale ?? 1;
  const lines = report.series.map(
    (side) => side[curve.key].map((value) => (value === null ? null : value * scale)));
  const values = lines.flat().filter((value) => value !== null);
  const { ticks, places } = ticksFor(values.length ? values : [0, 1], curve.zero);
  const [low, high] = [ticks[0], ticks.at(-1)];
  const total = make("span", { class: "total" },
    ...fromTo(report.series.map((side) => side.totals[curve.total]), curve));
  const here = make("span", { class: "note" });
  const caption = make("figcaption", {},
    make("span", {}, make("b", {}, curve.name), " ", total), here, make("small", {}, curve.says));
  const svg = make("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" });
  const plot = make("div", { class: "plot" }, svg);
  for (const tick of ticks) {
    const y = 100 - ((tick - low) / (high - low)) * 100;
    svg.append(make("line", { class: "grid", x1: 0, x2: 1000, y1: y, y2: y }));
    plot.append(make("span", { class: "tick", style: `top:${y}%` }, tick.toFixed(places)));
  }
  lines.forEach((line, i) => svg.append(make("path", { class: SIDES[i], d: linePath(line, low, high) })));
  $("curves").append(make("figure", {}, caption, plot));
  seekable(plot, curve.name, (frame) => {
    const values = report.series.map((side) => side[curve.key][frame]);
    here.replaceChildren(`frame ${frame}: `, ...fromTo(values, curve));
    return here.textContent;
  });
}

function addPeople() {
  const same = JSON.stringify(report.series[0].tracks) === JSON.stringify(report.series[1].tracks);
  for (const side of same ? [0] : [0, 1]) {
    const tracks = report.series[side].tracks.slice().sort((a, b) => a.number - b.number);
    const longest = tracks.slice().sort((a, b) => length(b) - length(a)).slice(0, MOST_ROWS);
    const rows = tracks.filter((track) => longest.includes(track));
    const more = tracks.length - rows.length;
    const here = make("span", { class: "note" });
    const title = same ? "People" : `People, ${report.names[side]}`;
    const caption = make("figcaption", {}, make("b", {}, title), here, make("small", {},
      tracks.length === 0 ? "nobody was found" :
      "who was found when; the numbers are those of --person" +
      (more ? `; ${more} more, seen more briefly, are not drawn` : "")));
    const plot = make("div", { class: "plot people" });
    rows.forEach((track) => plot.append(rowOf(track)));
    $("curves").append(make("figure", {}, caption, plot));
    seekable(plot, title, (frame) => {
      const count = report.series[side].people[frame];
      here.textContent = `frame ${frame}: ${count} ${count === 1 ? "person" : "people"}`;
      return here.textContent;
    });
  }
}

const length = (track) => track.spans.reduce((sum, [first, last]) => sum + last - first + 1, 0);

function rowOf(track) {
  const row = make("div", { class: "row" },
    make("span", { class: "tick", style: "top:50%" }, String(track.number)));
  for (const [first, last] of track.spans) {
    const [from, to] = [report.times[first] / END, report.times[last + 1] / END];
    row.append(make("i", { style: `left:${from * 100}%;width:${(to - from) * 100}%` }));
  }
  return row;
}

/** A plot that shows where the film is, and takes it elsewhere by pointer and keys. */
function seekable(plot, name, describe) {
  const head = make("div", { class: "head" });
  plot.append(head);
  const facts = { role: "slider", tabindex: 0, "aria-label": `${name}: frame`, "aria-valuemin": 0,
    "aria-valuemax": FRAMES - 1 };
  for (const [key, value] of Object.entries(facts)) plot.setAttribute(key, value);
  player.watchers.push((frame) => {
    head.style.left = `${(report.times[frame] / END) * 100}%`;
    plot.setAttribute("aria-valuenow", frame);
    plot.setAttribute("aria-valuetext", describe(frame));
  });
  const seekTo = (event) => {
    const box = plot.getBoundingClientRect();
    const seconds = ((event.clientX - box.left) / box.width) * END;
    player.video.pause();
    player.seek(nearest(seconds));
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    plot.setPointerCapture(event.pointerId);
    seekTo(event);
  });
  plot.addEventListener("pointermove", (event) => {
    if (plot.hasPointerCapture(event.pointerId)) seekTo(event);
  });
}

/** The frame whose beginning, where its value is drawn, is nearest. */
function nearest(seconds) {
  const frame = frameAt(seconds);
  const next = Math.min(frame + 1, FRAMES - 1);
  return report.times[next] - seconds < seconds - report.times[frame] ? next : frame;
}

/** Buttons to the worst frames, below the last curve. */
function addWorst() {
  const buttons = worstFrames().map((frame) => {
    const button = make("button", { type: "button", "aria-label": `Go to frame ${frame}` }, String(frame));
    button.addEventListener("click", () => { player.video.pause(); player.seek(frame); });
    return button;
  });
  if (!buttons.length) return;
  $("curves").lastElementChild.append(
    make("p", { class: "worst" }, `most flips, ${report.names[0]}: frame`, ...buttons));
}

/** The frames with the most flips before, not close to one another. */
function worstFrames(count = 5) {
  const flips = report.series[0].flips;
  const order = [...flips.keys()].filter((i) => flips[i] > 0).sort((a, b) => flips[b] - flips[a]);
  const chosen = [];
  for (const i of order) {
    if (chosen.length < count && chosen.every((j) => Math.abs(i - j) > 5)) chosen.push(i);
  }
  return chosen;
}
