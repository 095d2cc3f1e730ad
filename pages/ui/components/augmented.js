// Images of one sheet, cut apart onto canvases: a new sheet is decoded before it replaces the old one, and then
// everything is drawn in one frame. Names and words are only ever set as text.

const STEPS = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};

const make = (tag, className, parent) => {
  const node = document.createElement(tag);
  node.className = className;
  parent?.append(node);
  return node;
};

const jpeg = (base64) => {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
  return new Blob([bytes], {type: 'image/jpeg'});
};

const within = (value, length) => Math.max(0, Math.min(value, length - 1));

class Augmented {
  constructor(root) {
    this.root = root;
    this.at = [0, 0]; // row and copy that Tab reaches
    this.cells = []; // by row: the original, then the copies
    this.grid = root.querySelector('.grid');
    this.drawn = root.querySelector('.drawn');
    this.before = root.querySelector('.before input');
    this.dialog = root.querySelector('.large');
    this.before.onchange = () => this.draw();
    this.grid.onkeydown = (event) => this.key(event);
    this.grid.onpointerleave = () => this.describe();
    this.dialog.onkeydown = (event) => this.keyLarge(event);
    this.dialog.onclick = (event) => { if (event.target === this.dialog) this.dialog.close(); };
    // The browser has put the focus back where it was: it belongs to the copy that was viewed last.
    this.dialog.onclose = () => this.cells[this.large[0]]?.[this.large[1] + 1]?.open.focus({preventScroll: true});
    this.dialog.querySelector('.close').onclick = () => this.dialog.close();
    for (const button of this.dialog.querySelectorAll('footer button')) {
      button.onclick = () => this.along(Number(button.dataset.step));
    }
  }

  async show(data) {
    this.coming = data;
    if (this.shown !== data.image) {
      // A bitmap is decoded once, beside the page's own thread; an image would be again when it is drawn.
      const sheet = await createImageBitmap(jpeg(data.image));
      if (this.coming !== data) return sheet.close();
      this.sheet?.close();
      this.sheet = sheet;
      this.shown = data.image;
    }
    this.data = data;
    const shape = JSON.stringify([data.heads.length, data.rows.map((row) => row.copies.length)]);
    if (shape !== this.shape) this.build();
    this.shape = shape;
    this.fill();
    this.draw();
    this.root.dataset.shown = String(Number(this.root.dataset.shown ?? 0) + 1); // for tests: how often
  }

  build() {
    const {rows, heads} = this.data;
    const columns = 1 + Math.max(...rows.map((row) => row.copies.length));
    this.grid.replaceChildren();
    this.root.style.setProperty('--columns', columns);
    this.root.style.setProperty('--rows', rows.length);
    heads.slice(0, columns).forEach((_, left) => this.place(make('span', 'head', this.grid), left));
    this.cells = rows.map((row, top) => {
      const original = this.cell('figure', 'original');
      original.canvas.setAttribute('role', 'img');
      this.place(original.node, 0);
      const copies = row.copies.map((_, left) => {
        const cell = this.cell('button', 'copy');
        this.place(cell.node, left + 1);
        cell.open.type = 'button';
        cell.open.onclick = () => { this.reach(top, left); this.openLarge(); };
        cell.open.onpointerenter = () => this.describe(top, left);
        cell.open.onfocus = () => { this.reach(top, left); this.describe(top, left); };
        cell.open.onblur = () => this.describe();
        return cell;
      });
      return [original, ...copies];
    });
    this.reach(...this.at);
  }

  place(node, left) {
    node.style.gridColumn = left ? left + 2 : 1; // the second column is the gap after the originals
  }

  cell(tag, className) {
    const node = make('div', `cell ${className}`, this.grid);
    const open = make(tag, 'open', node);
    const canvas = make('canvas', '', open);
    return {node, open, canvas, caption: make('span', 'caption', node)};
  }

  fill() {
    const {rows, heads, label, note, share} = this.data;
    this.grid.setAttribute('aria-label', label);
    this.root.style.setProperty('--share', share);
    this.root.querySelector('.note').textContent = note;
    this.grid.querySelectorAll('.head').forEach((head, place) => { head.textContent = heads[place]; });
    const captions = rows.some((row) => row.caption || row.copies.some((copy) => copy.caption));
    this.grid.classList.toggle('captions', captions);
    rows.forEach((row, top) => {
      const [original, ...copies] = this.cells[top];
      original.canvas.setAttribute('aria-label', `The original of ${row.name}`);
      original.open.title = row.name;
      this.caption(original, row);
      row.copies.forEach((copy, left) => {
        const words = [`Copy ${left + 1} of ${row.name}: ${copy.words}`, this.prediction(copy)].filter(Boolean);
        copies[left].open.setAttribute('aria-label', words.join('. '));
        this.caption(copies[left], copy);
      });
    });
    this.describe(...(this.pointed ?? []));
  }

  prediction(image) {
    return image.caption && (image.wrong ? `${image.caption}, misclassified` : image.caption);
  }

  caption(cell, image) {
    cell.caption.textContent = image.caption;
    cell.caption.title = image.caption;
    cell.node.classList.toggle('wrong', image.wrong);
  }

  draw() {
    this.cells.forEach((row, top) => row.forEach((cell, left) => this.paint(cell.canvas, top, this.shownAt(left))));
    this.root.classList.toggle('showing-originals', this.before.checked);
    if (this.dialog.open) this.fillLarge();
  }

  shownAt(left) {
    return this.before.checked ? 0 : left;
  }

  paint(canvas, top, left) {
    const {size} = this.data;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    canvas.getContext('2d').drawImage(this.sheet, left * size, top * size, size, size, 0, 0, size, size);
  }

  describe(top, left) {
    this.pointed = top === undefined ? undefined : [top, left];
    const row = this.data.rows[top], copy = row?.copies[left];
    const words = copy ? `Copy ${left + 1}: ${copy.words}.` : this.data.hint;
    this.drawn.textContent = words;
  }

  reach(top, left) {
    const row = within(top, this.data.rows.length);
    this.at = [row, within(left, this.data.rows[row].copies.length)];
    this.cells.forEach((cells, y) => cells.slice(1).forEach((cell, x) => {
      cell.open.tabIndex = y === this.at[0] && x === this.at[1] ? 0 : -1;
    }));
  }

  key(event) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.reach(this.at[0] + step[0], this.at[1] + step[1]);
    this.cells[this.at[0]][this.at[1] + 1].open.focus();
  }

  openLarge() {
    if (!this.dialog.open) this.dialog.showModal();
    this.fillLarge();
  }

  fillLarge() {
    const [top, left] = this.at, row = this.data.rows[top], copy = row.copies[left];
    const [original, changed] = this.dialog.querySelectorAll('canvas');
    this.large = this.at;
    this.paint(original, top, 0);
    this.paint(changed, top, left + 1);
    this.dialog.querySelector('h2').textContent = row.name;
    this.dialog.querySelector('.second').textContent = `Copy ${left + 1} of ${row.copies.length}`;
    const prediction = this.prediction(copy);
    this.dialog.querySelector('.words').textContent = `Parameters: ${copy.words}.${prediction ? ` ${prediction}.` : ''}`;
    const last = this.data.rows.at(-1).copies.length - 1;
    const [previous, next] = this.dialog.querySelectorAll('footer button');
    // Not `disabled`: that would take the focus away from who has just pressed it.
    previous.setAttribute('aria-disabled', top === 0 && left === 0);
    next.setAttribute('aria-disabled', top === this.data.rows.length - 1 && left === last);
  }

  along(step) {
    const places = this.data.rows.flatMap((row, top) => row.copies.map((_, left) => [top, left]));
    const now = places.findIndex(([top, left]) => top === this.at[0] && left === this.at[1]);
    this.reach(...places[within(now + step, places.length)]);
    this.fillLarge();
  }

  keyLarge(event) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (step[1]) this.along(step[1]);
    else {
      this.reach(this.at[0] + step[0], this.at[1]);
      this.fillLarge();
    }
  }
}

export default function({data, parentElement}) {
  const root = parentElement.querySelector('.augmented');
  root.augmented ??= new Augmented(root);
  root.augmented.show(data);
}
