// The camera of a component: asking for it, what goes wrong in words, one of several, and each new image. Whoever uses
// it has .note, .mirror, .cameras and a video in `root`, whose data-state says how the camera is.

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
};

class Camera {
  /* `listener` has began(), frame() at each image, ended() before it is off, and shown(state, focused): after every
     change of state, with what had the keyboard focus before. `words` are more, or other, than `WORDS`. */
  constructor(root, listener, words = {}) {
    this.root = root;
    this.listener = listener;
    this.words = {...WORDS, ...words};
    this.video = root.querySelector('video');
    this.part = Object.fromEntries(['note', 'mirror', 'cameras'].map((name) => [name, root.querySelector(`.${name}`)]));
    this.turn = 0; // counts starts and stops: what an older one still waits for is dropped
    this.part.note.querySelector('button').onclick = () => this.start();
    this.part.mirror.onchange = () => this.mirror(this.part.mirror.checked);
    this.part.cameras.onchange = () => this.start(this.part.cameras.value);
    this.listeners = new AbortController();
    const options = {signal: this.listeners.signal};
    // Streamlit says when the page is left. This is for when it does not: the camera must not stay on.
    addEventListener('pagehide', () => this.stop(), options);
    navigator.mediaDevices?.addEventListener('devicechange', () => this.list(), options);
  }

  get isOn() { return Boolean(this.stream); }

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
    this.show('live');
    this.video.play().catch(() => {}); // refused only when the stream has been taken away again
    this.list();
    this.listener.began();
    this.next(stream);
  }

  stop() {
    this.turn += 1;
    this.listener.ended();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
    this.show('off');
  }

  dispose() {
    this.stop();
    this.listeners.abort();
  }

  next(stream) {
    const frame = () => {
      if (this.stream !== stream) return;
      this.next(stream);
      this.listener.frame();
    };
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(frame);
    else requestAnimationFrame(frame);
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
    const [title, next, button] = this.words[state] ?? ['', '', ''];
    const {note} = this.part, focused = this.root.getRootNode().activeElement;
    note.hidden = on;
    note.querySelector('strong').textContent = title;
    note.querySelector('span').textContent = words || next;
    note.querySelector('button').textContent = button;
    note.querySelector('button').hidden = !button;
    this.part.mirror.disabled = !on;
    if (!on) this.part.cameras.parentElement.hidden = true;
    this.listener.shown(state, focused);
  }
}
