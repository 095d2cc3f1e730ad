// Hold to record: what begins a recording and what ends it. Recording itself is the server's: it stores each frame that
// is due between two messages, {"record": class, …} and {"record": null}.

const typing = (event) => event.composedPath()[0]?.matches?.('input:not([type=range]), textarea, select, [contenteditable]');

class Recorder {
  /* `listener` has ready(), whether there is a camera to record from, changed() and speed(), images a second. */
  constructor(link, listener) {
    this.link = link;
    this.listener = listener;
    this.name = ''; // of the class that is recorded, or ''
    this.endedAt = -Infinity;
  }

  begin(name) {
    if (this.name === name || !this.listener.ready()) return;
    this.finish();
    this.name = name;
    this.burst = ''; // the server names it
    this.took = this.released = this.told = false;
    this.listener.changed();
  }

  /* Let go: a click that was shorter than a frame takes one image all the same. */
  release() {
    if (!this.name) return;
    if (this.took || !this.link.size) this.finish();
    else this.released = true;
  }

  /* Ends at once: the camera is gone, the page is hidden. */
  finish() {
    if (!this.name) return;
    this.name = '';
    this.endedAt = performance.now();
    if (this.told && this.link.size) this.link.say({record: null});
    this.listener.changed();
  }

  /* Right before a frame is sent: only what the camera takes from now on is recorded. */
  tell() {
    if (!this.name || this.told) return;
    this.told = true;
    this.link.say({record: this.name, burst: this.burst, speed: this.listener.speed()});
  }

  /* The connection is new: it knows of no recording. */
  again() { this.told = false; }

  answered({recorded, burst, stored, refused}) {
    if (!this.name || recorded !== this.name) return;
    if (refused) return this.finish();
    if (!stored) return;
    this.took = true;
    this.burst = burst;
    if (this.released) this.finish();
  }

  /* A button that records while it is held, by mouse, finger, pen, Space or Enter. `name` gives its class. */
  hold(button, name) {
    const release = () => { if (this.name === name()) this.release(); }; // the focus leaves it when another is pressed
    button.onpointerdown = (event) => {
      if (event.button) return;
      button.setPointerCapture(event.pointerId); // the finger may slip off it
      this.begin(name());
    };
    button.onpointerup = button.onpointercancel = button.onlostpointercapture = button.onblur = release;
    button.oncontextmenu = (event) => event.preventDefault(); // a long press is no question for a menu
    button.onkeydown = (event) => {
      if (event.key !== ' ' && event.key !== 'Enter') return;
      event.preventDefault();
      if (!event.repeat) this.begin(name());
    };
    button.onkeyup = (event) => { if (event.key === ' ' || event.key === 'Enter') release(); };
    // A screen reader clicks without a pointer or a key: it takes one.
    button.onclick = (event) => {
      if (event.detail || this.name || performance.now() - this.endedAt < 500) return;
      this.begin(name());
      this.release();
    };
  }

  /* Keys 1 to 9 hold the button of that class, wherever the focus is but in a field. `names` gives the classes. */
  keys(names, signal) {
    let held = '';
    const up = () => { held = ''; this.release(); };
    addEventListener('keydown', (event) => {
      const name = /^[1-9]$/.test(event.key) ? names()[event.key - 1] : undefined;
      if (!name || event.repeat || event.ctrlKey || event.altKey || event.metaKey || typing(event)) return;
      event.preventDefault();
      held = event.key;
      this.begin(name);
    }, {signal});
    addEventListener('keyup', (event) => { if (held && event.key === held) up(); }, {signal});
    addEventListener('blur', () => { if (this.name) up(); }, {signal});
  }
}
