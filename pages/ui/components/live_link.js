// The connection to a route that answers frames: at most one frame in flight; it reconnects after a break.

const AGAIN = [500, 1000, 2000, 4000, 8000]; // milliseconds before each new attempt
const SILENCE = 8000; // milliseconds without an answer after which the connection counts as lost
const REFUSED = 4004; // the code with which pages/ui/routes/frames.py closes where a retry is useless

const lostInWords = (words, seconds) =>
  `${words || 'The connection to Pawlab is lost. Is Pawlab still running?'} Trying again in ${seconds} s.`;

class Link {
  /* `path` is the route's. `listener` has ready(hello), answered(message, milliseconds), lost(words, seconds),
     refused(words), and said(message) where the route says more than answers. */
  constructor(path, listener) {
    this.path = path;
    this.listener = listener;
    this.failures = 0;
    this.size = 0; // pixels of a frame's side, as the route wants it; 0 until it is known
    this.crop = 'squeeze'; // how a frame becomes that square
  }

  open(query) {
    this.close();
    const url = new URL(this.path, document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const socket = this.socket = new WebSocket(url);
    let words = '';
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      const message = JSON.parse(event.data);
      if (message.closing) words = message.error;
      else if (message.size) this.greet(message);
      else if (message.sequence) this.take(message);
      else this.listener.said(message);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.close();
      if (event.code === REFUSED) this.listener.refused(words);
      else this.later(query, words);
    };
    this.expect();
  }

  greet(hello) {
    clearTimeout(this.watch);
    this.failures = 0;
    this.size = hello.size;
    this.crop = hello.crop;
    this.listener.ready(hello);
  }

  take(message) {
    clearTimeout(this.watch);
    const milliseconds = performance.now() - this.taken;
    this.taken = 0;
    this.listener.answered(message, milliseconds);
  }

  later(query, words) {
    const delay = AGAIN[Math.min(this.failures, AGAIN.length - 1)];
    this.failures += 1;
    this.again = setTimeout(() => this.open(query), delay);
    this.listener.lost(words, delay / 1000);
  }

  get free() {
    return this.size > 0 && !this.taken;
  }

  /* Tells the route something that is no frame. Only when it is open. */
  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  /* Sends the canvas, which the camera took at `taken`. Only when `free`. */
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
      const gone = socket.onclose; // a dead network may go unnoticed for minutes
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
