// Images of files into a class: chosen, dropped (folders too) or pasted. One request an image, two at a time, so that a
// thousand files need no more memory than two, and each is on disk once it is counted.

const AT_ONCE = 2;
const MOST_FILES = 2000;
const NAMED = 3; // refused files that are named

/* Every file that was dropped, those in folders too. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  const visit = async (entry) => {
    if (files.length > MOST_FILES) return;
    if (entry.isFile) return files.push(await new Promise((done, failed) => entry.file(done, failed)));
    const reader = entry.createReader();
    for (;;) { // a browser gives a hundred at a time
      const part = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!part.length) return;
      for (const child of part) await visit(child);
    }
  };
  for (const entry of entries) await visit(entry).catch(() => {});
  return files;
}

class Files {
  /* `ask(query, file)` sends one and throws an Error that says why not. `listener` has changed(words), done(words) and
     added(state). */
  constructor(ask, listener) {
    this.ask = ask;
    this.listener = listener;
    this.queue = [];
    this.working = 0;
  }

  get busy() { return this.working > 0; }

  add(name, files) {
    if (!files.length) return;
    if (!this.busy) [this.total, this.stored, this.refused] = [0, 0, []];
    const room = MOST_FILES - this.queue.length, taken = files.filter((file) => !file.name.startsWith('.'));
    if (taken.length > room) this.refused.push(`only ${MOST_FILES.toLocaleString('en')} files are taken at once`);
    for (const file of taken.slice(0, room)) this.queue.push({name, file});
    this.total += Math.min(taken.length, room);
    while (this.working < AT_ONCE && this.queue.length) this.work();
    if (!this.busy) this.end();
  }

  stop() { this.queue = []; }

  async work() {
    this.working += 1;
    while (this.queue.length) {
      const {name, file} = this.queue.shift();
      this.listener.changed(`Adding ${this.total - this.queue.length} of ${this.total} to ${name}`);
      try {
        this.listener.added(await this.ask({class: name}, file));
        this.stored += 1;
      } catch (error) {
        this.refused.push(`${file.name}: ${error.message}`);
        if (error.stop) this.queue = []; // what is wrong with the collection or the disk holds for all
      }
    }
    this.working -= 1;
    if (!this.busy) this.end();
  }

  end() {
    const {stored, refused} = this, images = stored === 1 ? '1 image was added' : `${stored} images were added`;
    const more = refused.length > NAMED ? ` And ${refused.length - NAMED} more.` : '';
    this.listener.done(refused.length ? `${images}. Not added: ${refused.slice(0, NAMED).join('; ')}.${more}`
      : `${images}.`);
  }
}
