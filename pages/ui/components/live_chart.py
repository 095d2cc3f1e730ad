"""A plotly chart that is redrawn in place: no flicker, and the zoom stays. `st.plotly_chart` builds a new one."""

import plotly
import streamlit as st

# The script comes from our own route. It takes a second to load: a component that stands where a chart is about to be
# asks for it too.
LIBRARY = """
const library = (url) => window.Plotly ? Promise.resolve(window.Plotly) : (globalThis.pawlabPlotly ??= new Promise(
  (ok, bad) => {
    const script = document.createElement('script');
    script.src = new URL(url, document.baseURI).href;
    script.onload = () => ok(window.Plotly);
    script.onerror = () => { globalThis.pawlabPlotly = undefined; script.remove(); bad(); };
    document.head.append(script);
  }));
"""
JS = """
// No other button: plotly's own choice has one that sends the chart to its makers' host.
const BUTTONS = [['zoom2d', 'pan2d', 'resetScale2d', 'toImage']];
export default function({data, parentElement}) {
  const place = parentElement.querySelector('.live-chart');
  place.setAttribute('aria-label', data.alt);
  place.style.height = data.height + 'px';
  if (place.drawn === data.figure) return;
  place.drawn = data.figure;
  library(data.script).then((Plotly) => {
    const figure = JSON.parse(data.figure);
    figure.layout.font = {size: 13, family: getComputedStyle(place).fontFamily};
    figure.layout.modebar = {bgcolor: 'rgba(0,0,0,0)', color: '#8a9496', activecolor: '#14807b'};
    figure.layout.height = data.height;
    const config = {responsive: true, displaylogo: false, modeBarButtons: BUTTONS};
    return Plotly.react(place, figure.data, figure.layout, config);
  }).catch(() => {
    place.drawn = undefined;
    if (!place.querySelector('.plot-container')) place.textContent = 'The chart could not be drawn. Reload the page.';
  });
}
"""
# Text takes the page's colours here, so that a theme that changes needs no redraw. Plotly writes colours of its own.
CSS = """
.live-chart .main-svg text {fill: var(--st-text-color) !important}
.live-chart .hoverlayer .hovertext path {fill: var(--st-secondary-background-color) !important}
"""
HTML = "<div class='live-chart' role='img'></div>"
SCRIPT = f"api/plotly.js?version={plotly.__version__}"


def live_chart(figure: str, alt: str, key: str, height: int = 480) -> None:
    """Draws a figure given as plotly's JSON; the same `key` with new data moves the lines of the chart that is there.

    Args:
        figure: What `go.Figure.to_json` gives.
        alt: What the chart shows, for those who cannot see it.
        key: Name of the element on the page; another key is another chart with a zoom of its own.
        height: Pixels.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("live_chart", html=HTML, css=CSS, js=LIBRARY + JS, isolate_styles=False)
    data = {"figure": figure, "alt": alt, "height": height, "script": SCRIPT}
    draw(data=data, key=key, height=height)
