// The connection to the route that answers frames: at most one frame in flight, and it comes back after a break.

const AGAIN = [500, 1000, 2000, 4000, 8000]; // milliseconds before each new attempt
const SILENCE = 8000; // milliseconds without an answer after which the connection counts as lost
const NO_ANSWER = 4004; // as pages/ui/live_route.py closes where asking again is of no use

class Link {
  /* `hear` has ready(hello), answer(said, milliseconds), lost(words, seconds) and refused(words). */
  constructor(hear) {
    this.hear = hear;
    this.failures = 0;
    this.size = 0; // side of the square that the model takes; 0 until it is known
  }

  open(run) {
    this.close();
    const url = new URL('api/live', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('run', run);
    const socket = this.socket = new WebSocket(url);
    let words = '';
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      const said = JSON.parse(event.data);
      if (said.closing) words = said.error;
      else if (said.size) this.greet(said);
      else this.take(said);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.close();
      if (event.code === NO_ANSWER) this.hear.refused(words);
      else this.later(run, words);
    };
    this.expect();
  }

  greet(hello) {
    clearTimeout(this.watch);
    this.failures = 0;
    this.size = hello.size;
    this.hear.ready(hello);
  }

  take(said) {
    clearTimeout(this.watch);
    const milliseconds = performance.now() - this.taken;
    this.taken = 0;
    this.hear.answer(said, milliseconds);
  }

  later(run, words) {
    const delay = AGAIN[Math.min(this.failures, AGAIN.length - 1)];
    this.failures += 1;
    this.again = setTimeout(() => this.open(run), delay);
    this.hear.lost(words, delay / 1000);
  }

  get free() {
    return this.size > 0 && !this.taken;
  }

  /* Sends what the canvas shows, which the camera took at `taken`. Only when `free`. */
  send(canvas, taken) {
    const socket = this.socket;
    this.taken = taken;
    canvas.toBlob((frame) => {
      if (socket !== this.socket) return;
      if (!frame) this.taken = 0;
      else {
        socket.send(frame);
        this.expect();
      }
    }, 'image/jpeg', 0.85);
  }

  expect() {
    clearTimeout(this.watch);
    const socket = this.socket;
    this.watch = setTimeout(() => {
      const gone = socket.onclose; // a dead network may not tell for minutes
      socket.close();
      gone({code: 1006});
    }, SILENCE);
  }

  close() {
    clearTimeout(this.watch);
    clearTimeout(this.again);
    const socket = this.socket;
    this.socket = undefined;
    this.size = this.taken = 0;
    socket?.close();
  }
}
