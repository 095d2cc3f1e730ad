// The classes as cards: name, count, newest images, what each still needs, and the buttons. They are drawn in place, so
// that a button that is held, or a name that is being typed, stays what it is. Names are only ever set as text.

const NO_CAMERA = !navigator.mediaDevices?.getUserMedia; // the browser gives none to this address, but a phone takes photos
const images = (number) => `${number.toLocaleString('en')} ${number === 1 ? 'image' : 'images'}`;

class Cards {
  /* `listener` has hold(button, name), files(name, files), rename(name, to), remove(name), and address(path), of a
     thumbnail. */
  constructor(list, listener) {
    this.list = list;
    this.listener = listener;
    this.cards = [];
  }

  get names() { return this.cards.map((card) => card.name); }

  show(classes) {
    this.focus = this.list.getRootNode().activeElement;
    while (this.cards.length > classes.length) this.cards.pop().node.remove();
    while (this.cards.length < classes.length) this.cards.push(this.card(this.cards.length));
    classes.forEach((one, place) => this.fill(this.cards[place], one));
  }

  card(place) {
    const card = {name: '', node: make('li', 'card', this.list)};
    const head = make('div', 'head', card.node);
    card.key = make('kbd', 'key', head);
    card.key.textContent = place < 9 ? place + 1 : '';
    card.key.hidden = place > 8;
    card.field = make('input', 'name', head);
    card.field.setAttribute('aria-label', `Name of class ${place + 1}`);
    card.field.maxLength = 100;
    card.field.autocomplete = 'off';
    card.field.onchange = () => {
      const to = card.field.value.trim();
      if (to && to !== card.name) this.listener.rename(card.name, to);
      else card.field.value = card.name;
    };
    card.field.onkeydown = (event) => {
      if (event.key === 'Enter') card.field.blur();
      if (event.key === 'Escape') { card.field.value = card.name; card.field.blur(); }
    };
    card.number = make('span', 'number', head);
    card.chance = make('div', 'chance', card.node);
    card.fill = make('span', 'fill', make('span', 'track', card.chance));
    card.figure = make('span', 'figure', card.chance);
    card.record = this.button('record', '', card.node); // above what grows: it stays under the finger
    card.newest = make('ul', 'newest', card.node);
    card.needs = make('p', 'needs', card.node);
    const doing = make('div', 'doing', card.node);
    card.files = this.button('add', 'Add files', doing);
    card.folder = this.button('add', 'Folder', doing);
    card.remove = this.button('add', 'Remove', doing);
    this.chooser(card, card.files, {multiple: true, accept: 'image/*'});
    this.chooser(card, card.folder, {multiple: true, webkitdirectory: true});
    card.folder.hidden = !('webkitdirectory' in HTMLInputElement.prototype && matchMedia('(pointer: fine)').matches);
    if (NO_CAMERA) this.chooser(card, card.record, {accept: 'image/*', capture: 'environment'});
    else this.listener.hold(card.record, () => card.name);
    card.ask = make('div', 'ask', card.node);
    card.ask.hidden = true;
    card.question = make('p', '', card.ask);
    card.yes = this.button('yes', 'Remove it', card.ask);
    card.no = this.button('', 'Keep it', card.ask);
    card.remove.onclick = () => this.asks(card, true);
    card.no.onclick = () => { this.asks(card, false); card.remove.focus(); };
    card.yes.onclick = () => { this.asks(card, false); this.listener.remove(card.name); };
    this.drop(card);
    return card;
  }

  button(className, words, parent) {
    const button = make('button', className, parent);
    button.type = 'button';
    button.textContent = words;
    return button;
  }

  /* An empty class goes at once: there is nothing to lose. */
  asks(card, asking) {
    if (asking && !card.count) return this.listener.remove(card.name);
    card.ask.hidden = !asking;
    card.question.textContent = `Remove the class “${card.name}” with its ${images(card.count)}?`;
    if (asking) card.no.focus();
  }

  /* A button that opens the browser's choice of files, as `options` say. */
  chooser(card, button, options) {
    const input = Object.assign(make('input', '', card.node), {type: 'file', hidden: true, ...options});
    button.onclick = () => input.click();
    input.onchange = () => {
      this.listener.files(card.name, [...input.files]);
      input.value = ''; // the same file may be chosen again
    };
  }

  drop(card) {
    const over = (event, on) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      card.node.classList.toggle('over', on);
    };
    card.node.ondragover = (event) => over(event, true);
    card.node.ondragleave = (event) => over(event, false);
    card.node.ondrop = async (event) => {
      over(event, false);
      const {name} = card;
      this.listener.files(name, await dropped(event.dataTransfer));
    };
  }

  fill(card, one) {
    if (card.name !== one.name) {
      card.name = one.name;
      card.node.dataset.name = one.name;
      if (this.focus !== card.field) card.field.value = one.name;
      card.ask.hidden = true;
      card.figure.textContent = '';
      card.fill.style.transform = 'scaleX(0)';
      card.files.setAttribute('aria-label', `Add files to ${one.name}`);
      card.folder.setAttribute('aria-label', `Add a folder to ${one.name}`);
      card.remove.setAttribute('aria-label', `Remove ${one.name}`);
    }
    card.count = one.number;
    card.number.textContent = images(one.number);
    card.needs.textContent = one.needs;
    card.newest.setAttribute('aria-label', `Newest images of ${one.name}`);
    card.newest.hidden = !one.newest.length;
    const there = new Map([...card.newest.children].map((item) => [item.dataset.path, item]));
    const items = one.newest.map((path) => there.get(path) ?? this.thumbnail(path));
    if (items.some((item, place) => card.newest.children[place] !== item) || items.length !== there.size) {
      card.newest.replaceChildren(...items);
    }
    this.label(card);
  }

  thumbnail(path) {
    const item = document.createElement('li');
    item.dataset.path = path;
    const image = make('img', '', item);
    image.alt = '';
    image.src = this.listener.address(path);
    return item;
  }

  /* Which class is recorded: '' for none. */
  mark(recording) {
    this.recording = recording;
    for (const card of this.cards) this.label(card);
  }

  label(card) {
    const on = Boolean(this.recording) && this.recording === card.name;
    card.node.classList.toggle('recording', on);
    const words = NO_CAMERA ? 'Take a photo' : 'Hold to record';
    card.record.textContent = on ? `Recording ${card.count.toLocaleString('en')}` : words;
    card.record.setAttribute('aria-label', `${words}${NO_CAMERA ? ' for' : ''} ${card.name}`);
  }

  /* Probabilities by name, 0..1; null where there are none. */
  chances(probabilities, best) {
    for (const card of this.cards) {
      const value = probabilities?.get(card.name) ?? 0;
      card.fill.style.transform = `scaleX(${value})`;
      card.figure.textContent = probabilities ? percent(value) : '';
      card.node.classList.toggle('best', card.name === best);
    }
  }
}
