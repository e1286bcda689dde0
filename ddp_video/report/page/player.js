const $ = (id) => document.getElementById(id);
const report = JSON.parse($("data").textContent);
const FRAMES = report.times.length - 1; // the last time is the end of the last frame

/** The film: both renderings of a frame in one picture, the first above the second. */
const player = {
  video: document.createElement("video"),
  frame: 0,
  loop: [0, FRAMES - 1],
  wanted: null, // the frame that is being sought
  painters: [], // called when there is a new picture
  watchers: [], // called with the frame when it changes, or playing begins or ends

  load(base64) {
    const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : decoded(base64);
    const video = this.video;
    video.muted = video.playsInline = true;
    video.preload = "auto";
    video.addEventListener("seeked", () => this.arrived());
    video.addEventListener("ended", () => { this.seek(this.loop[0]); this.play(); });
    for (const event of ["play", "pause"]) video.addEventListener(event, () => this.tell());
    video.addEventListener("error", () => trouble("This browser cannot play the video (H.264)."));
    video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
    this.follow();
  },

  /** Call `presented` for every picture that the browser shows. */
  follow() {
    if (this.video.requestVideoFrameCallback) {
      const next = (_, shown) => {
        this.presented(shown.mediaTime);
        this.video.requestVideoFrameCallback(next);
      };
      this.video.requestVideoFrameCallback(next);
      return;
    }
    let last = -1;
    const next = () => {
      if (this.video.currentTime !== last) this.presented(last = this.video.currentTime);
      requestAnimationFrame(next);
    };
    next();
  },

  presented(seconds) {
    if (this.video.seeking) return;
    const frame = frameAt(seconds + 1e-4); // a frame's own time may be rounded down
    if (frame > this.loop[1]) {
      if (!this.video.paused) this.seek(this.loop[0]);
      return;
    }
    this.paint();
    if (this.wanted === null) this.tell(frame);
  },

  /** Show a frame. While the browser still seeks, only the last wish counts. */
  seek(frame) {
    const target = Math.min(Math.max(Math.round(frame), 0), FRAMES - 1);
    const busy = this.wanted !== null;
    this.wanted = target;
    if (!busy) this.go();
    this.tell(target);
  },

  go() {
    // the middle of the frame, so that rounding never gives its neighbour
    this.sought = this.wanted;
    this.video.currentTime = (report.times[this.sought] + report.times[this.sought + 1]) / 2;
  },

  arrived() {
    if (this.wanted !== null && this.wanted !== this.sought) return this.go();
    this.wanted = null;
    this.paint();
  },

  step(by) {
    this.video.pause();
    this.seek(this.frame + by);
  },

  /** Browsers call it an error when a pause comes before the first picture is there: it is none. */
  play() {
    this.video.play().catch((error) => { if (error.name !== "AbortError") throw error; });
  },

  toggle() {
    if (this.video.paused) this.play(); else this.video.pause();
  },

  tell(frame = this.frame) {
    this.frame = frame;
    for (const watch of this.watchers) watch(frame);
  },

  paint() {
    for (const paint of this.painters) paint();
  },

  /** Draw one side, or the part of it left of a share of its width. */
  draw(canvas, side, share = 1) {
    const { width, height, stride, margin } = report.film;
    const part = Math.round(width * share);
    if (part > 0) {
      canvas.getContext("2d").drawImage(
        this.video, 0, side * stride + margin, part, height, 0, 0, part, height);
    }
  },
};

function decoded(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The frame that is on screen at a moment. */
function frameAt(seconds) {
  let [low, high] = [0, FRAMES - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (report.times[middle] <= seconds) low = middle; else high = middle - 1;
  }
  return low;
}

function trouble(text) {
  $("trouble").hidden = false;
  $("trouble").textContent = text;
}

/** An element with attributes and children; text is never read as HTML. */
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line"].includes(name);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
