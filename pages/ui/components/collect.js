// Collect: the camera's video with the instant model's answer over it, and beside it the classes to record. Python puts
// before: camera.js (Camera), live_link.js (Link), live_overlay.js (Overlay), collect_hold.js (Recorder),
// collect_files.js (Files) and collect_cards.js (Cards).

const EVERY = 1000 / 30 - 5; // milliseconds between frames, less the jitter of a camera's clock
const CALM = 700; // milliseconds after the last change until Python draws what stands below
const CLOSED = {
  closed: ['Nothing can be recorded', '', 'Try again'],
  insecure: ['The browser blocks the camera at this address',
    'It allows cameras only over https, or at 127.0.0.1 or localhost on the machine that runs Pawlab. You can still '
    + 'add files and folders, and on a phone take photos.', ''],
  missing: ['No camera was found', 'Connect one and try again, or add files, a folder, or pasted images instead.',
    'Try again'],
  off: ['The camera is off', 'Frames go to Pawlab only. They are stored while you hold a button.', 'Start the camera'],
};
const begun = new Set(); // requests to turn the camera on that were followed: the same data comes again

/* "None of these" stands where a class would. */
class Answer extends Overlay {
  word() { return this.unlike.hidden ? '' : 'None of these'; }
}

class Collect {
  constructor(root) {
    this.root = root;
    this.part = Object.fromEntries(['lost', 'missing', 'stop', 'speed', 'message', 'undo', 'figures', 'new-class']
      .map((name) => [name, root.querySelector(`.${name}`)]));
    this.canvas = document.createElement('canvas');
    this.fresh = this.latest = 0;
    this.overlay = new Answer(root);
    this.link = new Link('api/collect', {
      ready: (hello) => this.ready(hello),
      answered: (message, milliseconds) => this.answered(message, milliseconds),
      lost: (words, seconds) => { this.forget(); this.part.lost.textContent = lostInWords(words, seconds); },
      refused: (words) => { this.camera.stop(); this.camera.show('closed', words); },
    });
    this.recorder = new Recorder(this.link, {
      ready: () => this.mayRecord(),
      changed: () => this.recording(),
      speed: () => Number(this.part.speed.value),
    });
    this.cards = new Cards(root.querySelector('.cards'), {
      hold: (button, name) => this.recorder.hold(button, name),
      files: (name, files) => this.files.add(name, files),
      rename: (name, to) => this.act({do: 'rename', class: name, name: to}),
      remove: (name) => this.act({do: 'remove', class: name}),
      address: (path) => this.address('api/collect/image', {path}),
    });
    this.files = new Files((query, file) => this.post('api/collect/add', query, file), {
      changed: (words) => this.tell(words, () => this.files.stop(), 'Stop'),
      done: (words) => this.tell(words),
      added: (state) => this.show(state),
    });
    this.camera = new Camera(root, {
      began: () => this.connect(),
      frame: () => { this.fresh = performance.now(); this.send(); },
      ended: () => this.ended(),
      shown: (state, focused) => this.shown(state, focused),
    }, CLOSED);
    this.listen();
    this.camera.show(NO_CAMERA ? 'insecure' : 'off');
  }

  listen() {
    this.part.stop.onclick = () => this.camera.stop();
    this.part.speed.oninput = () => {
      this.root.querySelector('output').textContent = `${this.part.speed.value} a second`;
    };
    this.part['new-class'].onsubmit = async (event) => {
      event.preventDefault();
      const field = this.part['new-class'].querySelector('input');
      if (field.value.trim() && await this.act({do: 'add', class: field.value.trim()})) field.value = '';
      field.focus();
    };
    // As `Camera` does: for when Streamlit does not call `dispose`.
    this.listeners = new AbortController();
    const {signal} = this.listeners;
    this.recorder.keys(() => this.cards.names, signal);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.recorder.finish();
      this.connect();
    }, {signal});
    document.addEventListener('paste', (event) => this.paste(event), {signal});
    // The class at which the pointer or the focus was last is the one that pasted images go to.
    for (const name of ['pointerover', 'focusin']) {
      this.root.addEventListener(name, (event) => {
        this.aim = event.target.closest?.('.card')?.dataset.name ?? this.aim;
      }, {signal});
    }
    this.watcher = new MutationObserver(() => { if (!this.root.isConnected) this.dispose(); });
    this.watcher.observe(document.body, {childList: true, subtree: true});
  }

  update(data, trigger) {
    this.trigger = trigger;
    const other = this.name !== data.collection;
    this.name = data.collection;
    this.drawn = data.state.stamp;
    if (other) {
      this.recorder.finish();
      this.tell('');
      this.forget();
      this.state = undefined;
      if (this.root.dataset.state === 'closed') this.camera.show('off');
    }
    // While frames are answered, the route says what there is, sooner than Python.
    if (other || !this.link.size) this.show(data.state);
    if (other) this.connect();
    if (data.begin && !begun.has(data.begin)) {
      begun.add(data.begin);
      this.camera.start();
    }
  }

  dispose() {
    this.files.stop();
    this.camera.dispose();
    this.listeners.abort();
    this.watcher.disconnect();
    clearTimeout(this.calm);
    delete this.root.collect;
  }

  /* Open while there is something to send: a hidden page leaves its place to others. */
  connect() {
    this.part.lost.textContent = '';
    if (this.camera.isOn && !document.hidden) this.link.open({collection: this.name});
    else this.link.close();
  }

  ready(hello) {
    this.latest = 0;
    this.part.lost.textContent = '';
    this.recorder.again();
    this.show(hello.state);
  }

  /* Sends the newest frame, unless one is in flight: then its answer triggers the next. */
  send() {
    const now = performance.now(), {videoWidth, videoHeight} = this.camera.video;
    if (!this.fresh || !videoWidth || !this.link.free || now - this.latest < EVERY) return;
    this.latest = now;
    const {canvas} = this, scale = Math.min(1, this.link.size / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(scale * videoWidth), Math.round(scale * videoHeight)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', {alpha: false});
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.camera.video, 0, 0, width, height); // never mirrored: only the screen is
    this.recorder.tell();
    this.link.send(canvas, this.fresh);
    this.fresh = 0;
  }

  answered(message, milliseconds) {
    this.recorder.answered(message);
    if (message.refused) this.tell(message.refused);
    if (message.state) this.show(message.state);
    else if (message.stored) this.count(message);
    this.part.missing.textContent = message.missing ?? '';
    if (message.error) this.part.missing.textContent = `A frame could not be read: ${message.error}.`;
    else if (message.missing) this.forgetAnswer();
    else {
      this.overlay.take({probabilities: message.probabilities, threshold: 0, distance: Number(message.none), cut: 0.5,
        level: null, cutoff: null});
      this.cards.chances(this.overlay.smooth, this.overlay.word() ? '' : this.overlay.label.textContent);
      this.measure(milliseconds);
    }
    this.send();
  }

  measure(milliseconds) {
    const now = performance.now();
    this.recent = [...(this.recent ?? []).filter((one) => now - one.at < 2000), {at: now, milliseconds}];
    if (this.recent.length < 10 || now - (this.measured ?? 0) < 500) return;
    this.measured = now;
    const rate = 1000 * (this.recent.length - 1) / (now - this.recent[0].at);
    const middle = this.recent.map((one) => one.milliseconds).sort((one, other) => one - other)[this.recent.length >> 1];
    this.part.figures.textContent = `${rate.toFixed(0)} answers a second, ${middle.toFixed(0)} ms after the frame`;
  }

  mayRecord() {
    if (this.camera.isOn) return true;
    this.camera.start();
    return false;
  }

  recording() {
    this.cards.mark(this.recorder.name);
    if (this.recorder.name) this.tell('');
    else this.changed();
  }

  ended() {
    this.recorder.finish();
    this.link.close();
    this.link.failures = 0;
    this.forget();
    this.changed();
  }

  forget() {
    this.fresh = this.latest = 0;
    this.part.missing.textContent = this.part.lost.textContent = '';
    this.forgetAnswer();
  }

  forgetAnswer() {
    this.overlay.forget();
    this.cards?.chances(null, '');
    this.recent = [];
    this.part.figures.textContent = '';
  }

  /* One more, until the next whole state comes. */
  count({recorded, stored, number}) {
    const one = this.state.classes.find((item) => item.name === recorded);
    if (!one) return;
    one.number = number;
    one.newest = [stored, ...one.newest].slice(0, 6);
    this.cards.show(this.state.classes);
  }

  show(state) {
    if (!state) return;
    const before = this.state;
    this.state = state;
    this.overlay.classes = state.classes.map((one) => one.name);
    this.cards.show(state.classes);
    this.part.undo.hidden = !state.undo;
    this.part.undo.textContent = state.undo;
    this.part.undo.onclick = () => this.act({do: 'undo'});
    if (before && before.stamp !== state.stamp) this.changed();
  }

  /* Python draws what stands below anew, once it is quiet: not at every image. */
  changed() {
    clearTimeout(this.calm);
    this.calm = setTimeout(() => {
      if (this.recorder.name || this.files.busy) this.changed();
      else if (this.state && this.drawn !== this.state.stamp) this.trigger('changed', this.drawn = this.state.stamp);
    }, CALM);
  }

  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || typing(event)) return;
    event.preventDefault();
    const name = this.cards.names.includes(this.aim) ? this.aim : this.cards.names[0];
    if (name) this.files.add(name, files);
  }

  tell(words, does, button) {
    const {message} = this.part, [text, press] = message.children;
    text.textContent = words;
    press.hidden = !does;
    press.textContent = button ?? '';
    press.onclick = does ?? null;
  }

  address(path, query) {
    const url = new URL(path, document.baseURI);
    for (const [name, value] of Object.entries({collection: this.name, ...query})) url.searchParams.set(name, value);
    return url;
  }

  /* What the route says to it, or an Error that says why not; `stop` where the next one would fare the same. */
  async post(path, query, body) {
    let response, content;
    try {
      response = await fetch(this.address(path, query), {method: 'POST', body});
      content = await response.json();
    } catch {
      throw Object.assign(new Error('Pawlab does not answer. Is it still running?'), {stop: true});
    }
    if (!response.ok) throw Object.assign(new Error(content.error), {stop: response.status !== 422});
    return content.state;
  }

  async act(action) {
    try {
      this.show(await this.post('api/collect/do', {}, JSON.stringify(action)));
      this.tell('');
      return true;
    } catch (error) {
      this.tell(error.message);
      for (const card of this.cards.cards) card.field.value = card.name;
      return false;
    }
  }

  shown(state, focused) {
    const on = state === 'live';
    this.part.stop.disabled = !on;
    // Keeps the keyboard focus although the pressed button is gone.
    if (on && this.camera?.part.note.contains(focused)) this.part.stop.focus();
    else if (!on && focused === this.part.stop) this.root.querySelector('.note button').focus();
  }
}

export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('.collect');
  const collect = root.collect ??= new Collect(root);
  collect.update(data, setTriggerValue);
  return () => collect.dispose();
}
