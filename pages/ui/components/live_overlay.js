// The prediction over the video: probabilities are smoothed, so that neither words nor bars flicker.

const SMOOTHED = 500; // milliseconds in which the weight of a prediction falls to a third
const STALE = 1500; // milliseconds after which an old prediction weighs nothing
const SHOWN = 3; // classes with a bar
const SPOKEN = 2000; // milliseconds at least between two announcements of a screen reader

const make = (tag, className, parent) => {
  const node = document.createElement(tag);
  node.className = className;
  parent.append(node);
  return node;
};

// Never 100 while it is less, nor 0 while it is more.
const percent = (value) => {
  if (value >= 0.995 && value < 1) return '>99%';
  return value > 0 && value < 0.005 ? '<1%' : `${Math.round(value * 100)}%`;
};

class Overlay {
  constructor(root) {
    this.place = root.querySelector('.prediction');
    this.label = root.querySelector('.label');
    this.confidence = root.querySelector('.confidence');
    this.unlike = root.querySelector('.unlike');
    this.likely = root.querySelector('.likely');
    this.bars = root.querySelector('.bars');
    this.announcement = root.querySelector('.spoken');
    this.classes = []; // all names, where they are few
    this.forget();
  }

  forget() {
    this.smooth = new Map();
    this.predictedAt = this.spokenAt = -Infinity;
    this.spoken = this.announcement.textContent = '';
    this.place.hidden = true;
  }

  take({probabilities, threshold, distance, cut, level, cutoff}) {
    const now = performance.now(), passed = now - this.predictedAt, latest = new Map(probabilities);
    this.predictedAt = now;
    if (passed > STALE) [this.smooth, this.distance] = [latest, distance];
    else {
      const weight = 1 - Math.exp(-passed / SMOOTHED);
      // Of many classes only the most probable are sent; the others count as 0, which they nearly are.
      for (const name of new Set([...this.smooth.keys(), ...latest.keys()])) {
        const old = this.smooth.get(name) ?? 0;
        this.smooth.set(name, old + weight * ((latest.get(name) ?? 0) - old));
      }
      this.distance += weight * (distance - this.distance);
    }
    this.unlike.hidden = distance === null || this.distance <= cut; // of a run that cannot tell there is no distance
    this.draw(threshold);
    this.drawSet(level, cutoff);
  }

  /* The classes that the frame may show, where one is not enough: a set promises nothing of what is unlike. */
  drawSet(level, cutoff) {
    const ranked = [...this.smooth].sort((one, other) => other[1] - one[1]);
    const names = ranked.filter(([, value], place) => !place || value >= cutoff).map(([name]) => name);
    this.likely.hidden = level === null || names.length < 2 || !this.unlike.hidden;
    if (this.likely.hidden) return;
    const last = names.length > SHOWN ? 'others' : names.pop();
    this.likely.textContent = `${names.slice(0, SHOWN).join(', ')} or ${last} (${percent(level)})`;
  }

  /* What the headline says instead of a class. */
  word(unsure) { return unsure ? 'unsure' : ''; }

  draw(threshold) {
    const ranked = [...this.smooth].sort((one, other) => other[1] - one[1]);
    const [best, confidence] = ranked[0], word = this.word(confidence < threshold);
    this.place.hidden = false;
    this.place.classList.toggle('unsure', Boolean(word) || !this.unlike.hidden);
    this.label.textContent = word || best;
    this.confidence.textContent = word ? '' : percent(confidence);
    // Few classes keep their places, so that no bar jumps over another.
    const few = this.classes.length && this.classes.length <= SHOWN;
    const rows = few ? this.classes.map((name) => [name, this.smooth.get(name) ?? 0]) : ranked.slice(0, SHOWN);
    while (this.bars.children.length > rows.length) this.bars.lastChild.remove();
    rows.forEach(([name, value], place) => {
      const row = this.bars.children[place] ?? this.row();
      const [words, track, figure] = row.children;
      words.textContent = name;
      track.firstChild.style.transform = `scaleX(${value})`;
      figure.textContent = percent(value);
      row.classList.toggle('best', name === best && !word);
    });
    this.speak(this.unlike.hidden ? this.label.textContent
      : `${this.label.textContent}, ${this.unlike.textContent.toLowerCase()}`);
  }

  speak(word) {
    const now = performance.now();
    if (word === this.spoken || now - this.spokenAt < SPOKEN) return;
    this.announcement.textContent = this.spoken = word;
    this.spokenAt = now;
  }

  row() {
    const row = make('li', '', this.bars);
    make('span', 'name', row);
    make('span', 'fill', make('span', 'track', row));
    make('span', 'figure', row);
    return row;
  }
}
