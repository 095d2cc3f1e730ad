"""A plotly chart that is redrawn in place: no flicker, and the zoom stays. `st.plotly_chart` builds a new one."""

import plotly
import streamlit as st

# The script comes from our own route. Text takes the page's colours, which Python learns too late on a first visit.
JS = """
// No other button: plotly's own choice has one that sends the chart to its makers' host.
const BUTTONS = [['zoom2d', 'pan2d', 'resetScale2d', 'toImage']];
let loading;
const library = (url) => window.Plotly ? Promise.resolve(window.Plotly) : (loading ??= new Promise((ok, bad) => {
  const script = document.createElement('script');
  script.src = new URL(url, document.baseURI).href;
  script.onload = () => ok(window.Plotly);
  script.onerror = () => { loading = undefined; script.remove(); bad(); };
  document.head.append(script);
}));
export default function({data, parentElement}) {
  const place = parentElement.querySelector('.live-chart');
  place.setAttribute('aria-label', data.alt);
  place.style.height = data.height + 'px';
  if (place.drawn === data.figure + data.theme) return;
  place.drawn = data.figure + data.theme;
  library(data.script).then((Plotly) => {
    const figure = JSON.parse(data.figure), style = getComputedStyle(place);
    const text = style.getPropertyValue('--st-text-color').trim() || style.color;
    const back = style.getPropertyValue('--st-secondary-background-color').trim() || '#ffffff';
    figure.layout.font = {color: text, size: 13, family: style.fontFamily};
    figure.layout.hoverlabel = {bgcolor: back, font: {color: text}};
    figure.layout.modebar = {bgcolor: 'rgba(0,0,0,0)', color: '#8a9496', activecolor: text};
    figure.layout.height = data.height;
    const config = {responsive: true, displaylogo: false, modeBarButtons: BUTTONS};
    return Plotly.react(place, figure.data, figure.layout, config);
  }).catch(() => {
    place.drawn = undefined;
    if (!place.querySelector('.plot-container')) place.textContent = 'The chart could not be drawn. Reload the page.';
  });
}
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
    draw = st.components.v2.component("live_chart", html=HTML, js=JS, isolate_styles=False)
    data = {"figure": figure, "alt": alt, "height": height, "script": SCRIPT, "theme": st.context.theme.type}
    draw(data=data, key=key, height=height)
