// One page of images, drawn in place. What the user did is kept here until Python confirms it (`turn`), and is sent
// whole each time, so that a message that overtakes another loses nothing. It is sent again if no confirmation comes.
// Names are only ever set as text.

const KEYS = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity};

const make = (tag, className, parent) => {
  const node = document.createElement(tag);
  node.className = className;
  parent?.append(node);
  return node;
};

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

class Gallery {
  constructor(root, turn) {
    this.root = root;
    this.turn = turn;
    this.cells = [];
    this.changes = new Map(); // id -> {on, turn}, until Python knows
    this.wish = undefined; // {page, turn}: the page asked for
    this.at = 0; // the cell that Tab reaches
    this.anchor = 0; // where a range begins
    this.grid = root.querySelector('.grid');
    this.all = root.querySelector('.all input');
    this.number = root.querySelector('.number input');
    this.all.onchange = () => this.select(this.data.items.map((item) => item.id), this.all.checked);
    for (const button of root.querySelectorAll('.pager button')) {
      button.onclick = () => this.turnTo(this.target(button.dataset.to));
    }
    this.number.onchange = () => this.turnTo(Math.round(Number(this.number.value)) || this.page());
    this.grid.onkeydown = (event) => this.key(event);
  }

  async show(data) {
    const remounted = this.data === undefined;
    this.coming = data;
    const images = data.items.map((item, index) => {
      const shown = this.cells[index]?.image;
      return shown && shown.source === item.image ? shown : this.image(item);
    });
    const fresh = images.filter((image) => image && !image.isConnected);
    // A page appears at once, not image by image; a hidden tab decodes nothing, so this cannot wait for ever.
    if (fresh.length) await Promise.race([Promise.allSettled(fresh.map((image) => image.decode())), pause(400)]);
    if (this.coming !== data) return;
    this.data = data;
    for (const [id, change] of this.changes) if (change.turn <= data.turn) this.changes.delete(id);
    if (this.wish && this.wish.turn <= data.turn) this.wish = undefined;
    if (data.turn >= this.turn) this.unheard = undefined;
    this.listen();
    this.root.classList.toggle('selectable', data.selectable);
    this.root.classList.toggle('fill', data.fill);
    this.grid.setAttribute('aria-label', data.label);
    this.root.querySelector('.keys').textContent = data.keys;
    this.grid.style.setProperty('--cell', data.cell + 'px');
    // The last page is as high as the others: the buttons below stay under the pointer.
    const length = data.pages > 1 ? data.size : data.items.length;
    while (this.cells.length < length) this.cells.push(this.cell(this.cells.length));
    while (this.cells.length > length) this.cells.pop().node.remove();
    this.cells.forEach((cell, index) => this.fill(cell, data.items[index], images[index]));
    this.anchor = Math.min(this.anchor, data.items.length - 1);
    const focus = data.items.findIndex((item) => item.id === data.focus);
    this.reach(focus >= 0 ? focus : this.at);
    if (remounted && focus >= 0) {
      this.cells[focus].open.focus({preventScroll: true});
      this.cells[focus].node.scrollIntoView({block: 'center'});
    }
    this.mark();
    this.pager();
  }

  image(item) {
    if (!item.image) return undefined;
    const image = new Image();
    image.draggable = false;
    image.source = image.src = item.image;
    return image;
  }

  cell(index) {
    const node = make('li', 'cell');
    const open = make('button', 'open', node);
    open.type = 'button';
    const reason = make('span', 'reason', open);
    const badges = make('span', 'badges', open);
    const tick = make('label', 'tick', node);
    const box = make('input', '', tick);
    box.type = 'checkbox';
    box.tabIndex = -1; // Space on the image does the same: one stop a cell is enough
    const caption = make('span', 'caption', node);
    caption.dir = 'auto';
    open.onclick = (event) => {
      this.reach(index);
      if (this.data.selectable && event.shiftKey) this.range(index, true);
      else if (this.data.selectable && (event.ctrlKey || event.metaKey || !this.data.opens)) this.flip(index);
      else this.send({open: this.data.items[index].id});
    };
    box.onclick = (event) => {
      this.reach(index);
      if (event.shiftKey) this.range(index, box.checked);
      else this.flip(index);
    };
    this.grid.append(node);
    return {node, open, reason, badges, box, caption, image: undefined};
  }

  fill(cell, item, image) {
    cell.node.classList.toggle('blank', !item);
    if (cell.image !== image) {
      cell.image?.remove();
      if (image) cell.open.prepend(image);
      cell.image = image;
    }
    if (!item) return;
    if (image) image.alt = item.alt;
    cell.reason.textContent = image ? '' : item.reason;
    cell.open.setAttribute('aria-label', [item.alt, item.reason, ...item.badges].filter(Boolean).join(', '));
    cell.open.title = item.alt;
    cell.box.setAttribute('aria-label', 'Select ' + item.alt);
    cell.caption.textContent = item.caption;
    cell.node.classList.toggle('dimmed', item.dimmed);
    cell.badges.replaceChildren(...item.badges.map((words) => {
      const badge = make('span', 'badge');
      badge.textContent = words;
      return badge;
    }));
  }

  isOn(id) {
    return this.changes.get(id)?.on ?? this.data.selected.includes(id);
  }

  mark() {
    const items = this.data.items;
    const on = items.filter((item) => this.isOn(item.id)).length;
    items.forEach((item, index) => {
      this.cells[index].box.checked = this.isOn(item.id);
      this.cells[index].node.classList.toggle('on', this.isOn(item.id));
    });
    this.all.checked = items.length > 0 && on === items.length;
    this.all.indeterminate = on > 0 && on < items.length;
    const elsewhere = this.data.numSelected - items.filter((item) => this.data.selected.includes(item.id)).length;
    const words = elsewhere + on ? `${(elsewhere + on).toLocaleString('en')} selected` : '';
    const count = this.root.querySelector('.count');
    if (count.textContent !== words) count.textContent = words;
  }

  page() {
    return this.wish?.page ?? this.data.page;
  }

  target(to) {
    return {first: 1, previous: this.page() - 1, next: this.page() + 1, last: this.data.pages}[to];
  }

  pager() {
    const {pages, total} = this.data;
    this.root.querySelector('.pager').hidden = pages < 2;
    this.root.querySelector('.number span').textContent = `of ${pages.toLocaleString('en')}`;
    const first = (this.data.page - 1) * this.data.size + 1;
    const [from, to, all] = [first, first + this.data.items.length - 1, total].map((n) => n.toLocaleString('en'));
    this.root.querySelector('.total').textContent = `${from}–${to} of ${all} images`;
    this.number.max = pages;
    this.number.value = this.page();
    this.number.style.width = `${String(pages).length + 3.5}ch`;
    for (const button of this.root.querySelectorAll('.pager button')) {
      const target = this.target(button.dataset.to);
      // Not `disabled`: that would take the focus away from the button just pressed.
      button.setAttribute('aria-disabled', target === this.page() || target < 1 || target > pages);
    }
  }

  turnTo(page) {
    const target = Math.min(Math.max(1, page), this.data.pages);
    if (target !== this.page()) {
      this.wish = {page: target, turn: this.turn + 1};
      this.send({});
    }
    this.pager();
  }

  flip(index) {
    const {id} = this.data.items[index];
    this.anchor = index;
    this.select([id], !this.isOn(id));
  }

  range(index, on) {
    const [from, to] = [Math.min(this.anchor, index), Math.max(this.anchor, index)];
    this.select(this.data.items.slice(from, to + 1).map((item) => item.id), on);
  }

  select(ids, on) {
    for (const id of ids) this.changes.set(id, {on, turn: this.turn + 1});
    this.mark();
    this.send({});
  }

  send(more) {
    this.turn += 1;
    this.unheard = {more, calm: 0, times: 1};
    this.say(more);
    this.listen();
  }

  // Streamlit can lose a message while another run of the script begins. If nothing runs and Python has not confirmed,
  // send it again.
  listen() {
    clearInterval(this.listening);
    if (!this.unheard) return;
    this.listening = setInterval(() => {
      const unheard = this.unheard;
      const app = document.querySelector('[data-testid="stApp"]');
      unheard.calm = app?.dataset.testScriptState === 'notRunning' ? unheard.calm + 1 : 0;
      if (unheard.calm < 2) return;
      unheard.calm = 0;
      unheard.times += 1;
      if (unheard.times > 5) clearInterval(this.listening);
      else this.say(unheard.more);
    }, 500);
  }

  say(more) {
    const named = (on) => [...this.changes].filter(([, change]) => change.on === on).map(([id]) => id);
    this.trigger('act', {
      turn: this.turn, on: named(true), off: named(false), page: this.wish?.page ?? 0, open: '', ...more,
    });
  }

  reach(index) {
    this.at = Math.max(0, Math.min(index, this.data.items.length - 1));
    this.cells.forEach((cell, place) => { cell.open.tabIndex = place === this.at ? 0 : -1; });
  }

  key(event) {
    const last = this.data.items.length - 1;
    if (event.altKey || event.ctrlKey || event.metaKey || last < 0) return;
    const top = this.cells[0].node.offsetTop;
    const below = this.cells.findIndex((cell) => cell.node.offsetTop > top);
    const columns = below < 0 ? this.cells.length : below;
    let to;
    if (event.key === ' ' && this.data.selectable && event.target.classList.contains('open')) {
      event.preventDefault();
      if (event.shiftKey) this.range(this.at, true);
      else this.flip(this.at);
      return;
    }
    if (event.key in KEYS) to = this.at + KEYS[event.key];
    else if (event.key === 'ArrowUp') to = this.at - columns;
    else if (event.key === 'ArrowDown') to = this.at + columns;
    else if (event.key === 'PageUp' || event.key === 'PageDown') {
      event.preventDefault();
      this.turnTo(this.page() + (event.key === 'PageUp' ? -1 : 1));
      return;
    } else return;
    event.preventDefault();
    if ((to < 0 || to > last) && Number.isFinite(to)) return;
    this.reach(to);
    this.cells[this.at].open.focus();
  }
}

export default function({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('.gallery');
  root.gallery ??= new Gallery(root, data.turn);
  root.gallery.trigger = setTriggerValue;
  root.gallery.show(data);
  return () => clearInterval(root.gallery.listening);
}
