// The camera's video with the model's prediction over it. Python puts camera.js (Camera), live_link.js (Link) and
// live_overlay.js (Overlay) before.

const EVERY = 1000 / 30 - 5; // milliseconds between frames, less the jitter of a camera's clock
const FIGURES = 500; // milliseconds between two looks at rate and delay
const CLOSED = {closed: ['The model could not be run', '', 'Try again']};

/* What the model gets of the camera's image: all of it, or with the crop "center" its centred square. */
function partOf({videoWidth: width, videoHeight: height}, crop) {
  if (crop !== 'center') return [0, 0, width, height];
  const side = Math.min(width, height);
  return [width - side >> 1, height - side >> 1, side, side];
}

const median = (values) => values.slice().sort((one, other) => one - other)[values.length >> 1];

class Live {
  constructor(root) {
    this.root = root;
    this.canvas = document.createElement('canvas');
    this.overlay = new Overlay(root);
    this.part = Object.fromEntries(['note', 'lost', 'figures', 'pause', 'stop', 'full'].map((name) =>
      [name, root.querySelector(`.${name}`)]));
    this.recent = []; // of the last seconds: {at, milliseconds, server, sequence}
    this.fresh = 0; // when the camera's image was shown, if it has not been sent: else 0
    this.skipped = 0; // images of the camera that were never sent, for a newer one had come
    this.link = new Link('api/live', {
      ready: (hello) => this.ready(hello),
      answered: (message, milliseconds) => this.predicted(message, milliseconds),
      lost: (words, seconds) => this.lost(words, seconds),
      refused: (words) => { this.camera.stop(); this.camera.show('closed', words); },
    });
    this.camera = new Camera(root, {
      began: () => this.began(),
      frame: () => this.frame(),
      ended: () => this.ended(),
      shown: (state, focused) => this.shown(state, focused),
    }, CLOSED);
    this.part.stop.onclick = () => this.camera.stop();
    this.part.full.hidden = !document.fullscreenEnabled; // iPhones have it for videos alone
    this.part.full.onclick = () => this.fill();
    this.part.pause.onclick = () => this.pause(!this.paused);
    // As `Camera` does: for when Streamlit does not call `dispose`.
    this.listeners = new AbortController();
    const options = {signal: this.listeners.signal};
    root.addEventListener('fullscreenchange', () => this.labelFull(), options);
    document.addEventListener('visibilitychange', () => this.connect(), options);
    this.watcher = new MutationObserver(() => { if (!this.root.isConnected) this.dispose(); });
    this.watcher.observe(document.body, {childList: true, subtree: true});
    this.camera.show('off');
  }

  update(data) {
    if (this.run === data.run) return;
    this.run = data.run;
    this.forget();
    if (this.root.dataset.state === 'closed') this.camera.show('off'); // another model may work
    this.connect();
  }

  began() {
    this.root.scrollIntoView({block: 'nearest'}); // the prediction stands at the video's lower edge
    this.connect();
    this.timer = setInterval(() => this.measure(), FIGURES);
  }

  ended() {
    clearInterval(this.timer);
    this.link.close();
    this.link.failures = 0;
    this.paused = false;
    this.forget();
  }

  dispose() {
    this.camera.dispose();
    this.listeners.abort();
    this.watcher.disconnect();
    delete this.root.live;
  }

  /* Open while there is something to send: a paused or hidden view leaves its place to others. */
  connect() {
    this.part.lost.textContent = '';
    if (this.camera.isOn && !this.paused && !document.hidden) this.link.open({run: this.run});
    else this.link.close();
  }

  pause(paused) {
    const {video} = this.camera;
    this.paused = paused;
    if (paused) video.pause();
    else video.play().catch(() => {});
    this.camera.show(paused ? 'paused' : 'live');
    this.connect();
  }

  fill() {
    if (this.isFull()) document.exitFullscreen();
    else this.root.requestFullscreen().catch(() => {}); // the browser may refuse: the video stays as it is
  }

  isFull() { return this.root.matches(':fullscreen'); }

  labelFull() { this.part.full.textContent = this.isFull() ? 'Leave full screen' : 'Full screen'; }

  frame() {
    if (this.fresh) this.skipped += 1;
    this.fresh = performance.now();
    this.send();
  }

  /* Sends the newest frame, unless one is in flight: then its prediction triggers the next. */
  send() {
    const now = performance.now();
    if (!this.fresh || this.paused || !this.link.free || now - this.latest < EVERY) return;
    this.latest = now;
    const {size, crop} = this.link, {canvas} = this;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext('2d', {alpha: false});
    context.imageSmoothingQuality = 'high';
    // A square as training and every uploaded photo are; and never mirrored.
    context.drawImage(this.camera.video, ...partOf(this.camera.video, crop), 0, 0, size, size);
    this.link.send(canvas, this.fresh);
    this.fresh = 0;
  }

  ready(hello) {
    this.overlay.classes = hello.classes;
    this.camera.video.classList.toggle('center', hello.crop === 'center'); // then it shows what the model gets
    this.latest = 0;
    this.part.lost.textContent = '';
  }

  lost(words, seconds) {
    this.forget();
    this.part.lost.textContent = lostInWords(words, seconds);
  }

  predicted(message, milliseconds) {
    if (message.error) {
      this.part.figures.textContent = `A frame could not be read: ${message.error}.`;
      return;
    }
    this.recent.push({at: performance.now(), milliseconds, server: message.milliseconds, sequence: message.sequence});
    this.overlay.take(message);
    this.send();
  }

  measure() {
    const now = performance.now();
    this.recent = this.recent.filter((one) => now - one.at < 4000);
    const last = this.recent.filter((one) => now - one.at < 2000);
    if (last.length < 3 || this.paused) return;
    const rate = 1000 * (last.length - 1) / (last.at(-1).at - last[0].at);
    const delay = median(last.map((one) => one.milliseconds)), server = median(last.map((one) => one.server));
    this.part.figures.textContent =
      `${rate.toFixed(0)} frames per second, ${delay.toFixed(0)} ms from frame to prediction (model: ${server.toFixed(0)} ms)`;
  }

  forget() {
    this.overlay.forget();
    this.recent = [];
    this.latest = 0;
    this.part.figures.textContent = this.part.lost.textContent = '';
  }

  shown(state, focused) {
    const on = state === 'live' || state === 'paused', {note, pause, stop, full} = this.part;
    for (const part of [pause, stop, full]) part.disabled = !on;
    pause.textContent = state === 'paused' ? 'Resume' : 'Pause';
    // Keeps the keyboard focus although the pressed button is gone.
    if (on && note.contains(focused)) pause.focus();
    else if (!on && focused === stop) note.querySelector('button').focus();
  }
}

export default function({data, parentElement}) {
  const root = parentElement.querySelector('.live');
  const live = root.live ??= new Live(root);
  live.update(data);
  return () => live.dispose();
}
