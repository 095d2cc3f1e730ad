// The live camera: one frame after the other through the model, for as long as the camera is on.

const SMOOTHED = 500; // milliseconds in which the weight of a prediction falls to a third, as in the app
const CAMERA_WORDS = {
  NotAllowedError: 'The camera is blocked. Allow it for this page in the address bar, then try again.',
  NotFoundError: 'No camera was found. Connect one and try again, or choose photos.',
  NotReadableError: 'Another program is using the camera. Close it and try again.',
  insecure: 'This browser gives no page at this address the camera: it must be a file on this computer, or an https ' +
    'address. “Choose photos” works everywhere; on a phone it can also take one.',
};

class Camera {
  /* `listener` has started(), predicted(output, milliseconds) and stopped(words). */
  constructor(video, model, listener) {
    this.video = video;
    this.model = model; // a promise
    this.listener = listener;
    addEventListener('pagehide', () => this.stop());
  }

  async start() {
    if (!navigator.mediaDevices?.getUserMedia) return this.listener.stopped(CAMERA_WORDS.insecure);
    this.stop();
    const turn = this.turn = {}; // of the latest start: what an earlier one still waits for is dropped
    try {
      const wanted = {width: {ideal: 640}, height: {ideal: 480}, facingMode: {ideal: 'environment'}};
      const stream = await navigator.mediaDevices.getUserMedia({video: wanted, audio: false});
      if (turn !== this.turn) return stream.getTracks().forEach((track) => track.stop());
      this.stream = stream;
      const [track] = stream.getVideoTracks();
      track.onended = () => { if (turn === this.turn) this.stop('The camera was disconnected.'); };
      this.video.classList.toggle('mirrored', track.getSettings().facingMode !== 'environment');
      this.video.srcObject = stream;
      await this.video.play();
      this.listener.started();
      await this.watch(turn);
    } catch (error) {
      if (turn === this.turn) this.stop(CAMERA_WORDS[error.name] ?? `The camera could not start: ${error.message}`);
    }
  }

  async watch(turn) {
    const model = await this.model;
    let smooth, before = 0;
    while (turn === this.turn) {
      await this.newFrame();
      if (turn !== this.turn) return;
      const began = performance.now();
      const {row, distance} = await model.predict(this.video, this.video.videoWidth, this.video.videoHeight);
      const now = performance.now(), weight = smooth ? 1 - Math.exp((before - now) / SMOOTHED) : 1;
      const mix = (value, old) => weight * value + (1 - weight) * (old ?? 0);
      smooth = {
        row: row.map((value, place) => mix(value, smooth?.row[place])),
        distance: distance === null ? null : mix(distance, smooth?.distance),
      };
      before = now;
      if (turn === this.turn) this.listener.predicted(smooth, now - began);
    }
  }

  newFrame() {
    return new Promise((resolve) => {
      if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
  }

  get on() { return Boolean(this.stream); }

  stop(words = '') {
    this.turn = undefined;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
    this.listener.stopped(words);
  }
}
