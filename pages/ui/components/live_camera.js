// The camera's video with the model's prediction over it. Python puts live_link.js (Link) and live_overlay.js before.

const EVERY = 1000 / 30 - 5; // milliseconds between frames, less the jitter of a camera's clock
const FIGURES = 500; // milliseconds between two looks at rate and delay
const PROBLEMS = {
  NotAllowedError: 'refused', SecurityError: 'refused',
  NotFoundError: 'missing', OverconstrainedError: 'missing',
  NotReadableError: 'busy', AbortError: 'busy',
};
// state: what has happened, what to do next, and the button's word
const WORDS = {
  off: ['The camera is off', 'Frames go to Pawlab only and are not stored.', 'Start the camera'],
  asking: ['Waiting for the camera', 'If your browser asks for permission, choose Allow.', ''],
  refused: ['The camera is blocked', 'Allow it for this page in the address bar of your browser, then try again.',
    'Try again'],
  missing: ['No camera was found', 'Connect one and try again, or upload images instead.', 'Try again'],
  busy: ['The camera is in use', 'Another program may be using it. Close that program and try again.', 'Try again'],
  insecure: ['The browser blocks the camera at this address',
    'It allows cameras only over https, or at 127.0.0.1 or localhost on the machine that runs Pawlab.', ''],
  gone: ['The camera was disconnected', 'It was unplugged or switched off. Connect it and try again.', 'Try again'],
  failed: ['The camera could not start', '', 'Try again'],
  closed: ['The model could not be run', '', 'Try again'],
};

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
    this.video = root.querySelector('video');
    this.canvas = document.createElement('canvas');
    this.overlay = new Overlay(root);
    this.part = Object.fromEntries(['note', 'lost', 'figures', 'pause', 'stop', 'full', 'mirror',
      'cameras'].map((name) => [name, root.querySelector(`.${name}`)]));
    this.turn = 0; // counts starts and stops: what an older one still waits for is dropped
    this.recent = []; // of the last seconds: {at, milliseconds, server, sequence}
    this.fresh = 0; // when the camera's image was shown, if it has not been sent: else 0
    this.skipped = 0; // images of the camera that were never sent, for a newer one had come
    this.link = new Link({
      ready: (hello) => this.ready(hello),
      predicted: (message, milliseconds) => this.predicted(message, milliseconds),
      lost: (words, seconds) => this.lost(words, seconds),
      refused: (words) => { this.stop(); this.show('closed', words); },
    });
    this.part.note.querySelector('button').onclick = () => this.start();
    this.part.stop.onclick = () => this.stop();
    this.part.full.hidden = !document.fullscreenEnabled; // iPhones have it for videos alone
    this.part.full.onclick = () => this.fill();
    this.part.pause.onclick = () => this.pause(!this.paused);
    this.part.mirror.onchange = () => this.mirror(this.part.mirror.checked);
    this.part.cameras.onchange = () => this.start(this.part.cameras.value);
    // Streamlit calls `dispose` when the page is left. These are for when it does not: the camera must not stay on.
    this.listeners = new AbortController();
    const options = {signal: this.listeners.signal};
    root.addEventListener('fullscreenchange', () => this.labelFull(), options);
    addEventListener('pagehide', () => this.stop(), options);
    document.addEventListener('visibilitychange', () => this.connect(), options);
    navigator.mediaDevices?.addEventListener('devicechange', () => this.list(), options);
    this.watcher = new MutationObserver(() => { if (!this.root.isConnected) this.dispose(); });
    this.watcher.observe(document.body, {childList: true, subtree: true});
    this.show('off');
  }

  update(data) {
    if (this.run === data.run) return;
    this.run = data.run;
    this.forget();
    if (this.root.dataset.state === 'closed') this.show('off'); // another model may work
    this.connect();
  }

  /* Turns the camera on: the one that was named, else the browser's own choice. */
  async start(camera) {
    if (!navigator.mediaDevices?.getUserMedia) return this.show('insecure');
    this.stop();
    this.show('asking');
    const turn = this.turn;
    const video = {width: {ideal: 640}, height: {ideal: 480}, frameRate: {ideal: 30}};
    if (camera) video.deviceId = {exact: camera};
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({video, audio: false});
    } catch (error) {
      const state = PROBLEMS[error.name] ?? 'failed';
      if (turn === this.turn) this.show(state, state === 'failed' ? `The browser says: ${error.message}` : '');
      return;
    }
    if (turn !== this.turn) return stream.getTracks().forEach((track) => track.stop()); // left or stopped meanwhile
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.onended = () => { if (this.stream === stream) { this.stop(); this.show('gone'); } };
    this.mirror(track.getSettings().facingMode !== 'environment'); // a camera that faces away from you is not mirrored
    this.video.srcObject = stream;
    this.paused = false;
    this.show('live');
    this.root.scrollIntoView({block: 'nearest'}); // the prediction stands at the video's lower edge
    this.video.play().catch(() => {}); // refused only when the stream has been taken away again
    this.list();
    this.connect();
    this.next(stream);
    this.timer = setInterval(() => this.measure(), FIGURES);
  }

  stop() {
    this.turn += 1;
    clearInterval(this.timer);
    this.link.close();
    this.link.failures = 0;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
    this.paused = false;
    this.forget();
    this.show('off');
  }

  dispose() {
    this.stop();
    this.listeners.abort();
    this.watcher.disconnect();
    delete this.root.live;
  }

  /* Open while there is something to send: a paused or hidden view leaves its place to others. */
  connect() {
    this.part.lost.textContent = '';
    if (this.stream && !this.paused && !document.hidden) this.link.open(this.run);
    else this.link.close();
  }

  pause(paused) {
    this.paused = paused;
    if (paused) this.video.pause();
    else this.video.play().catch(() => {});
    this.show(paused ? 'paused' : 'live');
    this.connect();
  }

  fill() {
    if (this.isFull()) document.exitFullscreen();
    else this.root.requestFullscreen().catch(() => {}); // the browser may refuse: the video stays as it is
  }

  isFull() { return this.root.matches(':fullscreen'); }

  labelFull() { this.part.full.textContent = this.isFull() ? 'Leave full screen' : 'Full screen'; }

  next(stream) {
    const frame = () => {
      if (this.stream !== stream) return;
      this.next(stream);
      if (this.fresh) this.skipped += 1;
      this.fresh = performance.now();
      this.send();
    };
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(frame);
    else requestAnimationFrame(frame);
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
    context.drawImage(this.video, ...partOf(this.video, crop), 0, 0, size, size);
    this.link.send(canvas, this.fresh);
    this.fresh = 0;
  }

  ready(hello) {
    this.overlay.classes = hello.classes;
    this.video.classList.toggle('center', hello.crop === 'center'); // then it shows what the model gets
    this.latest = 0;
    this.part.lost.textContent = '';
  }

  lost(words, seconds) {
    this.forget();
    const what = words || 'The connection to Pawlab is lost. Is Pawlab still running?';
    this.part.lost.textContent = `${what} Trying again in ${seconds} s.`;
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

  mirror(mirrored) {
    this.part.mirror.checked = mirrored;
    this.video.classList.toggle('mirrored', mirrored);
  }

  async list() {
    if (!this.stream) return;
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter((device) => device.kind === 'videoinput' && device.deviceId);
    if (!this.stream) return;
    const used = this.stream.getVideoTracks()[0].getSettings().deviceId;
    this.part.cameras.replaceChildren(...cameras.map((camera, place) =>
      new Option(camera.label || `Camera ${place + 1}`, camera.deviceId, false, camera.deviceId === used)));
    this.part.cameras.parentElement.hidden = cameras.length < 2;
  }

  show(state, words = '') {
    this.root.dataset.state = state;
    const on = state === 'live' || state === 'paused';
    const [title, next, button] = WORDS[state] ?? ['', '', ''];
    const {note, pause} = this.part, focused = this.root.getRootNode().activeElement;
    note.hidden = on;
    note.querySelector('strong').textContent = title;
    note.querySelector('span').textContent = words || next;
    note.querySelector('button').textContent = button;
    note.querySelector('button').hidden = !button;
    for (const part of [pause, this.part.stop, this.part.full, this.part.mirror]) part.disabled = !on;
    pause.textContent = state === 'paused' ? 'Resume' : 'Pause';
    if (!on) this.part.cameras.parentElement.hidden = true;
    // Keeps the keyboard focus although the pressed button is gone.
    if (on && note.contains(focused)) pause.focus();
    else if (!on && focused === this.part.stop) note.querySelector('button').focus();
  }
}

export default function({data, parentElement}) {
  const root = parentElement.querySelector('.live');
  const live = root.live ??= new Live(root);
  live.update(data);
  return () => live.dispose();
}
