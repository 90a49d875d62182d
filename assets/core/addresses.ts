// Where files are that the page loads when a view needs them: Plotly's larger builds ("cartesian",
// "gl3d") and the web worker ("worker").
const read = () => JSON.parse(document.getElementById("addresses").textContent);

export const address = (name) => read()[name];
