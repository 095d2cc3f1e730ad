import streamlit as st

st.title("train")
st.slider("a", 0, 9)
st.button("x", type="primary")
