function setUpHeader() {
  $("source").textContent = report.source;
  report.names.forEach((name, side) => {
    for (const element of document.querySelectorAll(`.name${side}`)) element.textContent = name;
  });
  $("lead").textContent = ` · ${FRAMES} frames, ${END.toFixed(2)} s`;
  $("foot").textContent = `Made by ddp-video ${report.version}. This file needs nothing else and sends nothing.`;
}

function setUpStage() {
  const canvas = $("picture");
  Object.assign(canvas, sizeOf(report.film));
  $("stage").style.setProperty("--ratio", report.film.width / report.film.height);
  const paint = () => {
    player.draw(canvas, 1);
    player.draw(canvas, 0, Number($("split").value) / 100);
  };
  player.painters.push(paint);
  $("split").setAttribute("aria-label", `Line between ${report.names[0]} and ${report.names[1]}`);
  $("split").addEventListener("input", () => {
    $("stage").style.setProperty("--split", $("split").value);
    paint();
  });
}

function setUpControls() {
  $("play").addEventListener("click", () => player.toggle());
  $("back").addEventListener("click", () => player.step(-1));
  $("on").addEventListener("click", () => player.step(1));
  $("speed").addEventListener("change",
    () => { player.video.playbackRate = Number($("speed").value); });
  player.watchers.push((frame) => {
    const playing = !player.video.paused;
    $("time").textContent = `frame ${frame} / ${FRAMES - 1} · ${report.times[frame].toFixed(2)} s`;
    $("play").classList.toggle("is-playing", playing);
    $("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  });
}

/** Keys that work wherever the focus is, but where it needs them itself. */
function setUpKeys() {
  const actions = {
    " ": () => player.toggle(),
    ArrowLeft: () => player.step(-1), ArrowRight: () => player.step(1),
    PageUp: () => player.step(-10), PageDown: () => player.step(10),
    Home: () => player.step(-FRAMES), End: () => player.step(FRAMES),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const needed = event.key === " " ? "button, input, select, summary" : "input, select";
    const paging = event.key.startsWith("Page") && !event.target.closest(".plot");
    if (!(event.key in actions) || event.target.closest(needed) || paging) return;
    event.preventDefault();
    actions[event.key]();
  });
}

function setUpFacts() {
  const { film, drawn } = report;
  fillTable(document.querySelector("#settings table"), report.settings.head, report.settings.rows);
  const size = (film.bytes / 1e6).toFixed(1);
  $("film").textContent = `Shown: ${report.span}; --view ${drawn.view} --background ` +
    `${drawn.background}. The video inside is ${film.width}×${film.height} (source ` +
    `${film.original[1]}×${film.original[0]}), H.264 at crf ${film.crf}, ${size} MB; figures are ` +
    "of the full size, before encoding.";
  const list = document.querySelector("#left-out ul");
  const lines = report.left_out.length ? report.left_out : ["Nothing."];
  list.append(...lines.map((line) => make("li", {}, line)));
}

setUpHeader();
setUpStage();
setUpControls();
setUpKeys();
setUpFacts();
for (const curve of CURVES) addCurve(curve);
addWorst();
addPeople();
setUpStudy();
player.tell(0);
player.load($("embedded").textContent);
$("embedded").remove();
player.seek(0);
