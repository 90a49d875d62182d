// A file of the student's own: picked in a file input, or dropped on an element.
export const listen = (input: HTMLInputElement, host: HTMLElement, take: (file: File) => void) => {
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) take(file);
    input.value = ""; // the same file once more is a change as well
  });
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    host.addEventListener(type, (event) => {
      event.preventDefault();
      host.classList.toggle("over", type === "dragenter" || type === "dragover");
    });
  }
  host.addEventListener("drop", ({ dataTransfer }) => {
    const file = dataTransfer?.files[0];
    if (file) take(file);
  });
};
